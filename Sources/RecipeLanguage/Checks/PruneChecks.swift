import Declarations
import Diagnostics
import Kinds

/// Whether what is to be removed can be removed from a student of a known shape, turn by turn.
struct PruneChecks {
    let pipeline: Pipeline
    let findings: Findings

    func run() {
        guard let shape = pipeline.student.origin.shape else { return }
        // The size of an imported tokenizer is not known yet.
        var left = RemainingShape(shape, vocabulary: pipeline.studentVocabulary)
        for turn in pipeline.prune {
            TurnChecks(turn: turn, shape: left, findings: findings).run()
            left.lose(turn)
        }
    }
}

/// The checks of one turn.
private struct TurnChecks {
    let turn: PruneTurn
    /// Of the student when the turn begins.
    let shape: RemainingShape
    let findings: Findings

    func run() {
        switch turn.amount {
        case .settings:
            if let layers = turn.apply.$layers.unwrapped() { checkLayers(layers) }
            check(turn.apply.$hidden, from: shape.hidden, step: hiddenStep)
            check(turn.apply.$intermediate, from: shape.intermediate, step: turn.granularity.intermediate)
            check(turn.apply.$kvHeads, from: shape.kvHeads, step: 1)
        case .ratios(let ratios):
            if turn.method.value == .depth, let layers = shape.layers, layers.value < 2 { return reportSingleLayer(layers) }
            for ratio in ratios.value where ratio.value > 0 { checkReach(ratio) }
        // What the rows use is not known yet.
        case .vocabulary: break
        }
    }

    private func checkLayers(_ wanted: Spanned<Int>) {
        guard let layers = shape.layers, wanted.value >= layers.value else { return }
        if layers.value < 2 { return reportSingleLayer(layers) }
        findings.report(
            .badRatio, "a student of \(layers.value) layers cannot lose \(wanted.value)", at: wanted.span,
            secondary: layers.isWritten ? [.init(layers.span)] : [],
            help: "the nearest possible value is \(layers.value - 1)")
    }

    private func reportSingleLayer(_ layers: Spanned<Int>) {
        findings.report(
            .conflict, "a student of one layer has none to prune",
            at: layers.isWritten ? layers.span : turn.method.span,
            help: "give the student two layers or more, or write 'prune: none'")
    }

    private func check(_ wanted: Spanned<Int?>, from whole: Spanned<Int>?, step: Int) {
        guard let wanted = wanted.unwrapped(), let whole,
            wanted.value > whole.value || !(whole.value - wanted.value).isMultiple(of: step)
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
        guard let size = shape.size else { return }
        let reachable = reachable(of: size)
        let nearest = reachable.min { abs($0 - ratio.value) < abs($1 - ratio.value) } ?? 0
        guard nearest == 0 || abs(nearest - ratio.value) > tolerance(of: reachable) else { return }
        let wanted = nearest == 0 ? reachable.filter { $0 > 0 }.min() : nearest
        findings.report(
            .badRatio, "no shape of the student comes near a ratio of \(ratio.value.percentage)", at: ratio.span,
            label: "nearest: \(((nearest * 1000).rounded() / 1000).percentage)",
            secondary: turn.method.value == .depth || !turn.granularity.$intermediate.isWritten
                ? [] : [.init(turn.granularity.$intermediate.span)],
            help: wanted.map { "the nearest possible value is \((($0 * 1000).rounded() / 1000).percentage)\(advice)" }
                ?? "the student is too small for this method\(advice)")
    }

    private var hiddenStep: Int { turn.granularity.hidden ?? PruneApply.Granularity.standardHidden }

    private var advice: String {
        turn.method.value == .depth ? "" : "; a smaller 'prune.granularity' has more shapes"
    }

    /// The shares that the method can remove, nothing among them.
    private func reachable(of size: ModelSize) -> [Double] {
        switch turn.method.value {
        case .depth: return (0..<size.layers).map { Double($0 * size.perLayer) / Double(size.total) }
        case .width: return shares(of: size, hiddenStep: hiddenStep, intermediateStep: turn.granularity.intermediate)
        case .osscar, .magnitude, .activation:
            return shares(of: size, hiddenStep: size.hidden, intermediateStep: turn.granularity.intermediate)
        }
    }

    /// Shapes of channels are searched within a tolerance; of layers and neurons the nearest number is taken, unless the ratio
    /// is beyond the last.
    private func tolerance(of reachable: [Double]) -> Double {
        switch turn.method.value {
        case .depth: 1
        case .width: turn.apply.search?.tolerance ?? 0
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
