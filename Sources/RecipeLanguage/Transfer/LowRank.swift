import Diagnostics
import Words

/// Low-rank adapters, which are trained in place of all weights (Hu et al., arXiv 2106.09685).
package struct LowRank: Sendable {
    package let rank: Spanned<Int>
    /// The adapters' product is multiplied by alpha / rank.
    package let alpha: Spanned<Double>
    /// In the order of `AdapterTarget`.
    package let targets: Spanned<[AdapterTarget]>

    enum Definition {
        static let rank = Field.integer(
            "lora", nil, in: 1...4096, "Rank of low-rank adapters, which are then trained in place of all weights, by AdamW.")
        static let alpha = Field.number(
            "lora_alpha", nil, in: 1e-3...1e6, spelled: "twice the rank", "What adapters add is multiplied by alpha / rank.")
        static let targets = Field<[Spanned<AdapterTarget>]>.choices(
            "lora_targets", AdapterTarget.allCases, "The matrices that get adapters.")
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
            return chosen.isEmpty ? AdapterTarget.allCases : AdapterTarget.allCases.filter(chosen.contains)
        }
    }
}
