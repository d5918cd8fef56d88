import Declarations
import Diagnostics
import Kinds

/// Whether what is to be removed can be removed from a student of a known shape.
struct PruneChecks {
    let prune: PruneSection
    let shape: ModelShape?
    let size: ModelSize?
    let findings: Findings

    init(_ prune: PruneSection, _ pipeline: Pipeline, _ findings: Findings) {
        (self.prune, self.findings) = (prune, findings)
        let shape = pipeline.student.origin.shape
        self.shape = shape
        // The size of an imported tokenizer is not known yet.
        size = pipeline.studentVocabulary.flatMap { vocabulary in shape.map { ModelSize($0, vocabulary: vocabulary) } }
    }

    func run() {
        guard let shape else { return }
        switch prune.amount {
        case .settings:
            if let layers = prune.apply.$layers.unwrapped() { checkLayers(layers, of: shape) }
            check(prune.apply.$hidden, from: shape.$hidden, step: hiddenStep)
            check(prune.apply.$intermediate, from: shape.$intermediate, step: prune.granularity.intermediate)
            check(prune.apply.$kvHeads, from: shape.$kvHeads, step: 1)
        case .ratios(let ratios):
            if prune.method.value == .depth, shape.layers < 2 { return reportSingleLayer(shape) }
            for ratio in ratios.value where ratio.value > 0 { checkReach(ratio) }
        }
    }

    private func checkLayers(_ layers: Spanned<Int>, of shape: ModelShape) {
        guard layers.value >= shape.layers else { return }
        if shape.layers < 2 { return reportSingleLayer(shape) }
        findings.report(
            .badRatio, "a student of \(shape.layers) layers cannot lose \(layers.value)", at: layers.span,
            secondary: shape.$layers.isWritten ? [.init(shape.$layers.span)] : [],
            help: "the nearest possible value is \(shape.layers - 1)")
    }

    private func reportSingleLayer(_ shape: ModelShape) {
        findings.report(
            .conflict, "a student of one layer has none to prune",
            at: shape.$layers.isWritten ? shape.$layers.span : prune.method.span,
            help: "give the student two layers or more, or write 'prune: none'")
    }

    private func check(_ wanted: Spanned<Int?>, from whole: Spanned<Int>, step: Int) {
        guard let wanted = wanted.unwrapped(), wanted.value > whole.value || !(whole.value - wanted.value).isMultiple(of: step)
        else { return }
        let steps = Int((Double(whole.value - wanted.value) / Double(step)).rounded())
        let nearest = whole.value - min(max(steps, 0), max(0, (whole.value - 1) / step)) * step
        let allowed =
            step == 1 ? "at most the student's \(whole.value)" : "the student's \(whole.value) less a multiple of \(step)"
        findings.report(
            .badShape, "'\(wanted.field)' must be \(allowed)", at: wanted.span,
            secondary: whole.isWritten ? [.init(whole.span)] : [], help: "the nearest possible value is \(nearest)")
    }

    /// A ratio that no shape comes near enough to, or that is nearer to nothing than to the smallest piece.
    private func checkReach(_ ratio: Spanned<Double>) {
        guard let size else { return }
        let reachable = reachable(of: size)
        let nearest = reachable.min { abs($0 - ratio.value) < abs($1 - ratio.value) } ?? 0
        guard nearest == 0 || abs(nearest - ratio.value) > tolerance(of: reachable) else { return }
        let wanted = nearest == 0 ? reachable.filter { $0 > 0 }.min() : nearest
        findings.report(
            .badRatio, "no shape of the student comes near a ratio of \(ratio.value.percentage)", at: ratio.span,
            label: "nearest: \(((nearest * 1000).rounded() / 1000).percentage)",
            secondary: prune.method.value == .depth || !prune.granularity.$intermediate.isWritten
                ? [] : [.init(prune.granularity.$intermediate.span)],
            help: wanted.map { "the nearest possible value is \((($0 * 1000).rounded() / 1000).percentage)\(advice)" }
                ?? "the student is too small for this method\(advice)")
    }

    private var hiddenStep: Int { prune.granularity.hidden ?? PruneApply.Granularity.standardHidden }

    private var advice: String {
        prune.method.value == .depth ? "" : "; a smaller 'prune.granularity' has more shapes"
    }

    /// The shares that the method can remove, nothing among them.
    private func reachable(of size: ModelSize) -> [Double] {
        switch prune.method.value {
        case .depth: return (0..<size.layers).map { Double($0 * size.perLayer) / Double(size.total) }
        case .width: return shares(of: size, hiddenStep: hiddenStep, intermediateStep: prune.granularity.intermediate)
        case .osscar, .magnitude, .activation:
            return shares(of: size, hiddenStep: size.hidden, intermediateStep: prune.granularity.intermediate)
        }
    }

    /// Shapes of channels are searched within a tolerance; of layers and neurons the nearest number is taken, unless the ratio
    /// is beyond the last.
    private func tolerance(of reachable: [Double]) -> Double {
        switch prune.method.value {
        case .depth: 1
        case .width: prune.apply.search?.tolerance ?? 0
        case .osscar, .magnitude, .activation: (reachable.filter { $0 > 0 }.min() ?? 0) / 2 + 1e-9
        }
    }

    /// The ratios of all shapes on the grid.
    private func shares(of size: ModelSize, hiddenStep: Int, intermediateStep: Int) -> [Double] {
        let hidden = stride(from: size.hidden, to: 0, by: -hiddenStep)
        let intermediate = stride(from: size.intermediate, to: 0, by: -intermediateStep)
        return hidden.flatMap { hidden in
            intermediate.map { intermediate in
                var smaller = size
                smaller.hidden = hidden
                smaller.intermediate = intermediate
                return 1 - Double(smaller.total) / Double(size.total)
            }
        }
    }
}

/// How many parameters a model of a shape has: what ratios and predictions are reckoned with before there is a model.
package struct ModelSize: Hashable, Sendable {
    package var hidden: Int
    package var layers: Int
    package var heads: Int
    package var kvHeads: Int
    /// Of the shape as it was drawn: pruning leaves heads their size.
    package let headSize: Int
    package var intermediate: Int
    package var vocabulary: Int
    package var tied: Bool

    package init(_ shape: ModelShape, vocabulary: Int) {
        hidden = shape.hidden
        layers = shape.layers
        heads = shape.heads
        kvHeads = shape.kvHeads
        headSize = hidden / max(heads, 1)
        intermediate = shape.intermediate
        tied = shape.tied
        self.vocabulary = vocabulary
    }

    /// Q, K and V with biases, the output projection, the feed-forward matrices, two norms.
    package var perLayer: Int {
        let (queries, keys) = (heads * headSize, kvHeads * headSize)
        return (hidden + 1) * queries + 2 * (hidden + 1) * keys + queries * hidden + 3 * hidden * intermediate + 2 * hidden
    }

    package var total: Int { vocabulary * hidden * (tied ? 1 : 2) + layers * perLayer + hidden }
}
