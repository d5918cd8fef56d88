/// A linear layer that reads fewer of its inputs.
struct LinearReduction {
    /// The units of inputs that it still reads, in rising order.
    let kept: [Int]
    /// Ŵ [inputs, outputs]; rows of inputs that it no longer reads are zero.
    let weights: [Double]
    /// ‖XW − XŴ‖/‖XW‖; 0 where XW is.
    let error: Double

    /// OSSCAR's choice of `count` units, and the weights solved for on them.
    static func solving(
        _ gram: GramMatrix, _ weights: [Double], unitSize: Int, keeping count: Int, damping: Double, workers: WorkerPool
    ) throws(ChannelPruningError) -> LinearReduction {
        var selection = try UnitSelection(
            damped: gram.damped(by: damping), weights: weights, size: gram.size, unitSize: unitSize, workers: workers)
        selection.removeGreedily(leaving: count)
        selection.exchange(attempts: exchanges)
        return LinearReduction(
            kept: selection.keptUnits.sorted(), weights: selection.weights,
            error: error(gram, weights, selection.weights, workers: workers))
    }

    /// Removed units that a layer tries to exchange for others at most.
    private static let exchanges = 64

    /// These inputs, with their weights as they were.
    static func keeping(_ kept: [Int], of gram: GramMatrix, _ weights: [Double], workers: WorkerPool) -> LinearReduction {
        let outputs = weights.count / max(1, gram.size)
        var reduced = [Double](repeating: 0, count: weights.count)
        for input in kept {
            let row = input * outputs..<(input + 1) * outputs
            reduced.replaceSubrange(row, with: weights[row])
        }
        return LinearReduction(
            kept: kept, weights: reduced, error: error(gram, weights, reduced, workers: workers))
    }

    private static func error(_ gram: GramMatrix, _ weights: [Double], _ reduced: [Double], workers: WorkerPool) -> Double {
        let outputs = weights.count / max(1, gram.size)
        let whole = gram.squaredOutput(of: weights, outputs: outputs, workers: workers)
        let difference = zip(weights, reduced).map { $0 - $1 }
        let rest = gram.squaredOutput(of: difference, outputs: outputs, workers: workers)
        return whole > 0 ? (rest / whole).squareRoot() : 0
    }
}
