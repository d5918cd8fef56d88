import Diagnostics

/// Low-rank adapters, which are trained in place of all weights (Hu et al., arXiv 2106.09685).
package struct LowRank: Sendable {
    /// The matrices of a layer that can have them, as Hugging Face names them: the words for the engine's
    /// `LowRankAdaptation.Target`, which the language does not import. A test holds the two equal.
    package enum Target: String, CaseIterable, Sendable {
        case query = "q_proj"
        case key = "k_proj"
        case value = "v_proj"
        case output = "o_proj"
        case gate = "gate_proj"
        case up = "up_proj"
        case down = "down_proj"
    }

    package let rank: Spanned<Int>
    /// The adapters' product is multiplied by alpha / rank.
    package let alpha: Spanned<Double>
    /// In the order of `Target`.
    package let targets: Spanned<[Target]>

    enum Definition {
        static let rank = Field.integer(
            "lora", nil, in: 1...4096, "Rank of low-rank adapters, which are then trained in place of all weights, by AdamW.")
        static let alpha = Field.number(
            "lora_alpha", nil, in: 1e-3...1e6, spelled: "twice the rank", "What adapters add is multiplied by alpha / rank.")
        static let targets = Field<[Spanned<Target>]>.choices(
            "lora_targets", Target.allCases, "The matrices that get adapters.")
        static let fields: [any DefinedField] = [rank, alpha, targets]
    }

    /// `nil` where all weights are trained.
    init?(reading options: Fields) {
        guard let rank = options.written(Definition.rank) else {
            for name in [Definition.alpha.name, Definition.targets.name] {
                guard let entry = options.entry(name) else { continue }
                options.report(
                    Diagnostic(
                        .conflict, "'\(name)' is about adapters, and all weights are trained", at: entry.key.span,
                        help: "add their rank: 'lora: 16'"))
            }
            return nil
        }
        self.rank = rank
        alpha = options.value(Definition.alpha, default: 2 * Double(rank.value))
        targets = options[Definition.targets].map { written in
            let chosen = written.map(\.value)
            return chosen.isEmpty ? Target.allCases : Target.allCases.filter(chosen.contains)
        }
    }
}
