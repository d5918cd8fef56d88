/// A linear layer that reads fewer of its inputs.
struct LinearReduction {
    /// The units of inputs that it still reads, in rising order.
    let kept: [Int]
    /// Ŵ [inputs, outputs]; rows of inputs that it no longer reads are zero.
    let weights: [Double]

    /// OSSCAR's choice of `count` units, and the weights solved for on them.
    static func solving(
        _ statistics: InputStatistics, _ weights: [Double], unitSize: Int, keeping count: Int, damping: Double,
        workers: WorkerPool
    ) throws(ChannelPruningError) -> LinearReduction {
        var selection = try UnitSelection(
            damped: statistics.damped(damping), weights: weights, size: statistics.width, unitSize: unitSize,
            workers: workers)
        selection.removeGreedily(leaving: count)
        selection.exchange(attempts: exchanges)
        return LinearReduction(kept: selection.keptUnits.sorted(), weights: selection.weights)
    }

    /// Removed units that a layer tries to exchange for others at most.
    private static let exchanges = 64

    /// These of so many inputs, with their weights as they were.
    static func keeping(_ kept: [Int], of inputs: Int, _ weights: [Double]) -> LinearReduction {
        let outputs = weights.count / max(1, inputs)
        var reduced = [Double](repeating: 0, count: weights.count)
        for input in kept {
            let row = input * outputs..<(input + 1) * outputs
            reduced.replaceSubrange(row, with: weights[row])
        }
        return LinearReduction(kept: kept, weights: reduced)
    }
}
