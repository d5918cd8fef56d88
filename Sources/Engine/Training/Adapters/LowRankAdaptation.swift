import Words

/// What low-rank adaptation (Hu et al., arXiv 2106.09685) trains instead of a model's weights: beside each adapted matrix W
/// [out, in] the factors A [rank, in] and B [out, rank]. The model computes with W + (alpha / rank)·B·A.
package struct LowRankAdaptation: Hashable, Sendable {
    package typealias Target = AdapterTarget

    package var rank: Int
    package var alpha: Double
    /// In the order of `Target`.
    package var targets: [Target]

    package init(rank: Int, alpha: Double, targets: [Target] = Target.allCases) {
        self.rank = rank
        self.alpha = alpha
        self.targets = Target.allCases.filter(targets.contains)
    }

    var scale: Float { Float(alpha / Double(rank)) }

    func adapts(_ parameter: Parameter) -> Bool {
        parameter.role == .hiddenMatrix && targets.contains { parameter.name.hasSuffix(".\($0.rawValue).weight") }
    }

    func check() throws(TrainingError) {
        guard rank > 0, alpha > 0, alpha.isFinite, !targets.isEmpty else {
            throw TrainingError("Low-rank adapters need a rank and an alpha above 0, and at least one matrix.")
        }
    }
}
