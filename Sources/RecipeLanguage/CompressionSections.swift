import Diagnostics

/// `prune`: what is removed, and how the model recovers.
public struct PruneSection: Sendable {
    public enum Method: String, CaseIterable, Sendable {
        case depth
    }

    public let method: Spanned<Method>
    /// Share of all parameters; above 0.
    public let ratio: Spanned<Double>
    /// Calibration rows.
    public let samples: Spanned<Int>
    /// `nil` where the pruned model is left as it is.
    public let recover: Transfer?

    /// `nil` where the recipe prunes nothing: no `prune`, `prune: none`, or a ratio of 0%.
    init?(reading recipe: Fields, student: ModelSection) {
        let known = ["method", "ratio", "recover", "samples"]
        guard let fields = recipe.optionalSection("prune", known: known, later: ["layers", "ratios", "data"]) else { return nil }
        method = fields.choice("method", default: Method.depth, later: ["width", "osscar"])
        ratio = fields.share("ratio", default: Defaults.pruneRatio, in: 0...0.9)
        samples = fields.integer("samples", default: Defaults.pruneSamples, in: 1...100_000)
        recover =
            fields.node("recover")?.scalar?.text == "none"
            ? nil
            : Transfer(reading: "recover", in: fields, default: .kd, steps: Defaults.recoverySteps, methods: [.sft, .rft, .kd])
        if ratio.value == 0 { return nil }
        if student.layers.value < 2 {
            let blamed = student.layers.isWritten ? student.layers.span : ratio.span
            fields.report(
                Diagnostic(
                    code: "conflict", "a student of one layer has none to prune", at: blamed,
                    help: "give the student two layers or more, or write 'prune: none'"))
        }
    }
}

/// `quantize`: how weights are stored in few bits.
public struct QuantizeSection: Sendable {
    public enum Scheme: String, CaseIterable, Sendable {
        case w8a16 = "W8A16"
        case w4a16 = "W4A16"
        case none
    }

    public enum Method: String, CaseIterable, Sendable {
        case rtn
    }

    /// Never `none`.
    public let scheme: Spanned<Scheme>
    public let method: Spanned<Method>
    /// Consecutive inputs that share a scale; 0 is one scale per output channel.
    public let groupSize: Spanned<Int>
    /// Module names, sorted, that stay in float.
    public let ignore: Spanned<[String]>

    /// `nil` where the recipe quantizes nothing.
    init?(reading recipe: Fields, student: ModelSection) {
        let known = ["scheme", "method", "group_size", "ignore"]
        let later = ["num_calibration_samples", "damping", "smoothing"]
        guard let fields = recipe.optionalSection("quantize", known: known, later: later) else { return nil }
        scheme = fields.choice("scheme", default: Scheme.w8a16, later: ["W8A8"])
        method = fields.choice("method", default: Method.rtn, later: ["gptq", "quantease", "smoothquant"])
        groupSize = fields.integer("group_size", default: Defaults.groupSize, in: 0...16_384)
        let ignored = fields.words("ignore", default: Defaults.ignoredModules)
        for module in ignored.value where !Self.modules.contains(module.value) {
            fields.report(.unknownValue(module.value, of: "quantize.ignore", among: Self.modules, at: module.span))
        }
        ignore = ignored.map { $0.map(\.value).sorted() }
        if scheme.value == .none { return nil }
        checkGroups(fields, student)
    }

    private static let modules = ["lm_head", "q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]

    /// Groups must fill the rows of every linear layer.
    private func checkGroups(_ fields: Fields, _ student: ModelSection) {
        let size = groupSize.value
        guard size > 0 else { return }
        let widths = [student.hidden.value, student.intermediate.value]
        guard !widths.allSatisfy({ $0.isMultiple(of: size) }) else { return }
        let possible = (1...min(widths[0], widths[1])).filter { divisor in widths.allSatisfy { $0.isMultiple(of: divisor) } }
        let nearest = possible.min { abs($0 - size) < abs($1 - size) } ?? 0
        fields.report(
            Diagnostic(
                code: "bad-group", "'group_size' must divide the student's 'hidden' and 'intermediate'", at: groupSize.span,
                label: "\(size) does not divide \(widths[0]) and \(widths[1])",
                secondary: [student.hidden, student.intermediate].filter { $0.isWritten && !$0.value.isMultiple(of: size) }
                    .map { .init($0.span) },
                help: "the nearest possible value is \(nearest); 0 means one scale per output channel"))
    }
}
