/// How a step's rows are cut into passes, which go one after the other. The cut depends on the rows alone, never on the
/// number of threads; as sums are cut with it, it is part of the result.
enum MicroBatches {
    /// Tokens of a micro-batch, unless one row alone has more.
    static let tokenBudget = 2048

    /// Consecutive ranges of rows with about equal numbers of tokens; none is empty.
    static func cut(lengths: [Int]) -> [Range<Int>] {
        let total = lengths.reduce(0, +)
        let count = max(1, (total + tokenBudget - 1) / tokenBudget)
        var ranges: [Range<Int>] = []
        var row = 0
        var tokens = 0
        for batch in 1...count {
            let first = row
            // A row belongs to the micro-batch in which its middle lies.
            while row < lengths.count, batch == count || (2 * tokens + lengths[row]) * count < 2 * batch * total {
                tokens += lengths[row]
                row += 1
            }
            if row > first { ranges.append(first..<row) }
        }
        return ranges
    }
}
