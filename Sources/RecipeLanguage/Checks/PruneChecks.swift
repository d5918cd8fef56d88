import Diagnostics

/// Whether what is to be removed can be removed from a student of a known shape.
struct PruneChecks {
    /// Channels that width pruning removes at once (From Large to Super-Tiny, appendix H).
    static let hiddenStep = 64
    static let intermediateStep = 256
    /// How far from the ratio asked the nearest possible shape may lie, as a share of all parameters.
    private static let tolerance = 0.05

    let prune: PruneSection
    let shape: ShapeSection?
    let size: ModelSize?
    let findings: Findings

    init(_ prune: PruneSection, _ pipeline: Pipeline, _ findings: Findings) {
        self.prune = prune
        self.findings = findings
        shape = pipeline.student.origin.shape
        // The size of an imported tokenizer is not known yet.
        size = pipeline.trainsTokenizer ? shape.map { ModelSize($0, vocabulary: pipeline.tokenizer.vocabulary.value) } : nil
    }

    func run() {
        guard let shape else { return }
        switch prune.amount {
        case .layers(let layers): checkLayers(layers, of: shape)
        case .shape(let hidden, let intermediate): checkShape(hidden, intermediate, of: shape)
        case .ratios(let ratios):
            if prune.method.value == .depth, shape.layers.value < 2 { return reportSingleLayer(shape) }
            for ratio in ratios.value where ratio.value > 0 { checkReach(ratio) }
        }
    }

    private func checkLayers(_ layers: Spanned<Int>, of shape: ShapeSection) {
        guard layers.value >= shape.layers.value else { return }
        if shape.layers.value < 2 { return reportSingleLayer(shape) }
        findings.report(
            Diagnostic(
                .badRatio, "a student of \(shape.layers.value) layers cannot lose \(layers.value)", at: layers.span,
                secondary: shape.layers.isWritten ? [.init(shape.layers.span)] : [],
                help: "the nearest possible value is \(shape.layers.value - 1)"))
    }

    private func reportSingleLayer(_ shape: ShapeSection) {
        findings.report(
            Diagnostic(
                .conflict, "a student of one layer has none to prune",
                at: shape.layers.isWritten ? shape.layers.span : prune.method.span,
                help: "give the student two layers or more, or write 'prune: none'"))
    }

    private func checkShape(_ hidden: Spanned<Int>?, _ intermediate: Spanned<Int>?, of shape: ShapeSection) {
        check(hidden, from: shape.hidden, step: Self.hiddenStep)
        check(intermediate, from: shape.intermediate, step: Self.intermediateStep)
    }

    private func check(_ wanted: Spanned<Int>?, from whole: Spanned<Int>, step: Int) {
        guard let wanted, wanted.value > whole.value || !(whole.value - wanted.value).isMultiple(of: step) else { return }
        let steps = Int((Double(whole.value - wanted.value) / Double(step)).rounded())
        let nearest = whole.value - min(max(steps, 0), max(0, (whole.value - 1) / step)) * step
        findings.report(
            Diagnostic(
                .badShape, "'\(wanted.field)' must be the student's \(whole.value) less a multiple of \(step)", at: wanted.span,
                secondary: whole.isWritten ? [.init(whole.span)] : [], help: "the nearest possible value is \(nearest)"))
    }

    /// A ratio nearer to nothing than to the smallest piece would remove nothing.
    private func checkReach(_ ratio: Spanned<Double>) {
        guard let size else { return }
        let reachable: [Double]
        switch prune.method.value {
        case .depth: reachable = (0..<size.layers).map { Double($0 * size.perLayer) / Double(size.total) }
        case .width: reachable = widths(of: size)
        case .osscar: return
        }
        let nearest = reachable.min { abs($0 - ratio.value) < abs($1 - ratio.value) } ?? 0
        let smallest = reachable.filter { $0 > 0 }.min()
        guard nearest == 0 || abs(nearest - ratio.value) > (prune.method.value == .depth ? 1 : Self.tolerance) else { return }
        let wanted = nearest == 0 ? smallest : nearest
        findings.report(
            Diagnostic(
                .badRatio, "no shape of the student comes near a ratio of \(ratio.value.percentage)", at: ratio.span,
                label: "nearest: \(nearest.percentage)",
                help: wanted.map { "the nearest possible value is \((($0 * 1000).rounded() / 1000).percentage)" }
                    ?? "the student is too small for this method"))
    }

    /// The ratios of all shapes on the grid.
    private func widths(of size: ModelSize) -> [Double] {
        let hidden = stride(from: size.hidden, to: 0, by: -Self.hiddenStep)
        let intermediate = stride(from: size.intermediate, to: 0, by: -Self.intermediateStep)
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
