import Diagnostics

/// `tokenizer`: the vocabulary that teacher and student share.
public struct TokenizerSection: Sendable {
    /// Tokens, special tokens and bytes included.
    public let vocabulary: Spanned<Int>

    init(reading recipe: Fields) {
        let fields = recipe.section("tokenizer", known: ["vocabulary"], later: ["from"])
        // 5 special tokens and 256 bytes come before the first merge.
        vocabulary = fields.integer("vocabulary", default: Defaults.vocabulary, in: 261...262_144)
    }
}

/// `student`, and the part of `teacher` that is like it: a model drawn from scratch.
public struct ModelSection: Sendable {
    struct Defaults {
        var hidden, layers, heads, kvHeads, intermediate, seed: Int
    }

    public let hidden: Spanned<Int>
    public let layers: Spanned<Int>
    public let heads: Spanned<Int>
    public let kvHeads: Spanned<Int>
    public let intermediate: Spanned<Int>
    /// Whether the head shares the embedding's weights.
    public let tied: Spanned<Bool>
    /// Of the weights drawn and of the order of training rows.
    public let seed: Spanned<Int>

    static let fields = ["init", "seed"]

    init(reading model: Fields, _ standard: Defaults) {
        let fields = model.section("init", known: ["hidden", "layers", "heads", "kv_heads", "intermediate", "tied"])
        hidden = fields.integer("hidden", default: standard.hidden, in: 8...16_384)
        layers = fields.integer("layers", default: standard.layers, in: 1...256)
        heads = fields.integer("heads", default: standard.heads, in: 1...256)
        kvHeads = fields.integer("kv_heads", default: standard.kvHeads, in: 1...256)
        intermediate = fields.integer("intermediate", default: standard.intermediate, in: 8...65_536)
        tied = fields.flag("tied", default: true)
        seed = model.integer("seed", default: standard.seed, in: 0...Int.max)
        checkHeads(fields)
    }

    /// Every head has an even number of channels (rotary embedding turns pairs), every key-value head the same number of heads.
    private func checkHeads(_ fields: Fields) {
        let step = 2 * heads.value
        if !hidden.value.isMultiple(of: step) {
            let nearest = max((hidden.value + step / 2) / step, 1) * step
            let (blamed, other) = hidden.isWritten || !heads.isWritten ? (hidden, heads) : (heads, hidden)
            fields.report(
                Diagnostic(
                    code: "bad-shape", "'hidden' must be a multiple of twice 'heads'", at: blamed.span,
                    label: "\(hidden.value) is no multiple of 2 × \(heads.value)",
                    secondary: other.isWritten ? [.init(other.span)] : [],
                    help: "the nearest possible 'hidden' is \(nearest)"))
        }
        if !heads.value.isMultiple(of: kvHeads.value) {
            let divisors = (1...heads.value).filter(heads.value.isMultiple(of:))
            let nearest = divisors.min { abs($0 - kvHeads.value) < abs($1 - kvHeads.value) } ?? 1
            let (blamed, other) = kvHeads.isWritten || !heads.isWritten ? (kvHeads, heads) : (heads, kvHeads)
            fields.report(
                Diagnostic(
                    code: "bad-shape", "'kv_heads' must divide 'heads'", at: blamed.span,
                    label: "\(heads.value) heads cannot share \(kvHeads.value)",
                    secondary: other.isWritten ? [.init(other.span)] : [],
                    help: "the nearest possible 'kv_heads' is \(nearest)"))
        }
    }
}

/// `teacher`: a model and how it is corrected on the task's data.
public struct TeacherSection: Sendable {
    public let model: ModelSection
    public let transfer: Transfer

    init(reading recipe: Fields) {
        let fields = recipe.section("teacher", known: ModelSection.fields + ["transfer"], later: ["from"])
        model = ModelSection(reading: fields, Defaults.teacher)
        transfer = Transfer(reading: "transfer", in: fields, default: .sft, steps: Defaults.teacherSteps, methods: [.sft])
    }
}
