import Declarations
import Words

package enum PruningKinds {
    static let kinds: [any StageKind.Type] = [PruneScore.self, PruneApply.self, PruneVocabulary.self]
}

/// Importance of what pruning removes, in a form that every ratio, shape and method of a sweep shares.
///
/// Inputs: `model`, `data` (of `data.split`) or `text` (a text, or records with `text`).
/// Output: `scores.json`; with `width` also `calibration.safetensors`, the calibration sequences (`tokens`, `lengths`), on
/// which `prune.apply` compares shapes and solves for weights.
package struct PruneScore: StageKind {
    package enum Measure: String, Word {
        /// `layers`: of each layer 1 − mean cosine similarity of the hidden states entering and leaving it.
        case depth
        /// `hidden`, `intermediate` and `heads`: sums of absolute activations, each group of length 1 (METHODS: width).
        case width
    }

    package static let declaration = KindDeclaration(
        "prune.score", revision: 2, inputs: [.required("model"), .optional("data"), .optional("text")],
        output: "`scores.json`, `calibration.safetensors`?")

    @Spanned package var method = Measure.depth
    @Spanned package var samples = 256
    @Spanned package var set = RowSet.train.rawValue
    @Spanned package var prompt = PromptStyle.query
    @Spanned package var length: Int? = nil

    package static let standard = Self()
    package static let parameters: [Parameter<Self>] = [
        .init(\.$method, .choice("method", "What is scored: layers, or channels, neurons and heads."), at: .elsewhere),
        .init(
            \.$samples, .integer("samples", in: 1...100_000, "Rows, or sequences of a text, that importance is measured on.")),
        .init(\.$set, .calibrationSet, at: .elsewhere), .init(\.$prompt, .prompt, at: .elsewhere),
        .init(\.$length, .calibrationLength, at: .elsewhere),
    ]

    package var runsModel: Bool { true }
    package func operations(_ workload: Workload) -> Double? { workload.passes(over: set, atMost: samples) }
}

extension PruneMethod {
    /// What the method needs to know of the model. All that removes channels shares its scores and its calibration rows.
    package var measure: PruneScore.Measure { self == .depth ? .depth : .width }

    /// Channels that go at once where nobody says (for `width`: From Large to Super-Tiny, appendix H).
    package var intermediateStep: Int { self == .width ? 256 : 32 }
}

/// Removes what is least important.
///
/// Inputs: `model`, `scores` (of `prune.score`); to search on other data than those of the scores, `data` (of `data.split`) or
/// `text`.
/// Output: a model folder and `pruning.json` (what was removed, parameters before and after; of a search all shapes with their
/// perplexities; of neurons and heads each layer's reconstruction error).
package struct PruneApply: StageKind {
    package static let declaration = KindDeclaration(
        "prune.apply", revision: 2,
        inputs: [.required("model"), .required("scores"), .optional("data"), .optional("text")],
        output: "a model folder, `pruning.json`")

    /// Channels that go at once.
    package struct Granularity: ParameterGroup {
        /// `width` alone removes embedding channels.
        @Spanned package var hidden: Int? = nil
        @Spanned package var intermediate = 32

        package static let standardHidden = 64
        package static let standard = Self()
        package static let parameters: [Parameter<Self>] = [
            .init(
                \.$hidden, .integer("hidden", standardHidden, in: 1...16_384, "Embedding channels (`width`).")),
            .init(
                \.$intermediate,
                .integer("intermediate", in: 1...65_536, spelled: "`256` for `width`, else `32`", "Neurons of a layer.")),
        ]
    }

    /// Which of the shapes near a ratio is taken.
    package struct Search: ParameterGroup {
        @Spanned package var tolerance = 0.02
        @Spanned package var samples = 64
        /// With it, or a length, shapes are compared on the input `data` or `text`.
        @Spanned package var set: String? = nil
        @Spanned package var prompt: PromptStyle? = nil
        @Spanned package var length: Int? = nil

        package static let standard = Self()
        package static let parameters: [Parameter<Self>] = [
            .init(
                \.$tolerance,
                .share(
                    "tolerance", in: 0...0.5, "How far from the ratio a shape's share of removed parameters may lie.")),
            .init(
                \.$samples,
                .integer("samples", in: 1...100_000, "Calibration rows that each shape's perplexity is measured on.")),
            .init(\.$set, .calibrationSet, at: .elsewhere), .init(\.$prompt, .prompt, at: .elsewhere),
            .init(\.$length, .calibrationLength, at: .elsewhere),
        ]
    }

    @Spanned package var method = PruneMethod.depth
    /// Share of all parameters to remove, between 0 and 1: as many layers or neurons as come closest, or with `width` the best
    /// of the shapes that come near.
    @Spanned package var ratio: Double? = nil
    @Spanned package var layers: Int? = nil
    /// Widths and heads that are left, instead.
    @Spanned package var hidden: Int? = nil
    @Spanned package var intermediate: Int? = nil
    @Spanned package var kvHeads: Int? = nil
    /// With a ratio of channels or neurons.
    @Spanned package var granularity: Granularity? = nil
    /// With a ratio of channels.
    @Spanned package var search: Search? = nil
    /// Share of the mean of H's diagonal that is added to it.
    @Spanned package var damping: Double? = nil

    package static let standardRatio = 0.20
    package static let standard = Self()
    package static let parameters: [Parameter<Self>] = [
        .init(
            \.$method,
            .choice(
                "method",
                "`depth` removes layers, `width` channels, `osscar` neurons and heads by reconstruction, `magnitude` and "
                    + "`activation` the neurons with the smallest weights or activations.")),
        .init(\.$ratio, .share("ratio", standardRatio, in: 0...0.9, "Share of all parameters to remove."), at: .elsewhere),
        .init(\.$layers, .integer("layers", in: 1...255, "Layers to remove, instead of a ratio (`depth`).")),
        .init(
            \.$hidden,
            .integer(
                "hidden", in: 8...16_384, "Width that is left, less by a multiple of `granularity.hidden` (`width`)."),
            at: "shape.hidden"),
        .init(
            \.$intermediate,
            .integer(
                "intermediate", in: 8...65_536,
                "Feed-forward width that is left, less by a multiple of `granularity.intermediate`."),
            at: "shape.intermediate"),
        .init(
            \.$kvHeads,
            .integer(
                "kv_heads", in: 1...256, "Key/value heads that are left, each with the query heads that it serves (`osscar`)."),
            at: "shape.kv_heads"),
        .init(\.$granularity, "granularity", "How many channels go at once; smaller models want smaller steps."),
        .init(
            \.$search, "search", "With `width` and a ratio, every shape that comes near is tried; the lowest perplexity wins."),
        .init(
            \.$damping,
            .share("damping", in: 0...1, "What is added to the diagonal of `osscar`'s matrices, a share of its mean."),
            when: { $0.solves }, standard: 0.01),
    ]
    package static let otherStandards = [PruneApply(method: .width), PruneApply(method: .osscar)]
    package static let choosing: Set<String> = ["method"]

    private var solves: Spanned<Bool> { $method.map { $0 == .osscar } }

    /// Whether the recipe says how much goes.
    private var hasAmount: Bool { ratio != nil || layers != nil || hidden != nil || intermediate != nil || kvHeads != nil }

    package mutating func settle() {
        if !hasAmount { $ratio = $method.map { _ in Self.standardRatio } }
        if method == .depth || ratio == nil {
            $granularity = $method.map { _ in nil }
        } else {
            var step = granularity ?? .standard
            if method != .width {
                step.$hidden = $method.map { _ in nil }
            } else if step.hidden == nil {
                step.$hidden = $method.map { _ in Granularity.standardHidden }
            }
            step.$intermediate = step.$intermediate.or($method, \.intermediateStep)
            $granularity = Spanned(step, at: $method.place)
        }
        $search = method == .width && ratio != nil ? Spanned(search ?? .standard, at: $method.place) : $method.map { _ in nil }
        settleParameters()
    }

    /// To compare shapes, and for the inputs of the layers; otherwise weights are only taken out.
    package var runsModel: Bool {
        switch method {
        case .depth: false
        case .width: search != nil
        case .osscar, .magnitude, .activation: true
        }
    }
    package func operations(_ workload: Workload) -> Double? { runsModel ? workload.passes(3) : 0 }
}

extension Field where Value == String {
    /// The set of the calibration rows.
    static var calibrationSet: Field { .text("set", "The set that the rows are taken from.") }
}

extension Field where Value == Int {
    /// The length of the calibration sequences.
    static var calibrationLength: Field {
        .integer("length", in: 2...65_536, "Tokens of a sequence: rows are cut to it, and a text is divided into them.")
    }
}
