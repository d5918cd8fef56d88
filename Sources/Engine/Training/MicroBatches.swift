/// How a step's rows are cut into units of work. The cut depends on the rows alone, never on the number of threads.
enum MicroBatches {
    /// Gradients are summed in this many lanes side by side, each by one worker at a time.
    static let lanes = 4
    /// Tokens of a micro-batch, unless one row alone has more.
    static let tokenBudget = 1024

    /// Consecutive ranges of rows with about equal numbers of tokens; range i belongs to lane i mod `lanes`.
    static func cut(lengths: [Int]) -> [Range<Int>] {
        let total = lengths.reduce(0, +)
        let rounds = (total + lanes * tokenBudget - 1) / (lanes * tokenBudget)
        let count = max(1, rounds) * lanes
        var ranges: [Range<Int>] = []
        var row = 0
        var tokens = 0
        for batch in 1...count {
            let first = row
            // A row belongs to the micro-batch in which its middle lies.
            while row < lengths.count, (2 * tokens + lengths[row]) * count < 2 * batch * total {
                tokens += lengths[row]
                row += 1
            }
            ranges.append(first..<(batch == count ? lengths.count : row))
        }
        return ranges
    }
}
