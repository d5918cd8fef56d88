/// The tokens that are read in one step: stretches of different sequences, some of a prompt, some a single chosen token.
struct StepBatch {
    /// Consecutive tokens of one sequence.
    struct Stretch {
        var rows: Range<Int>
        /// Tokens of the sequence before the first row.
        var start: Int
        /// Of the whole sequence up to the last row.
        var blocks: [Int]
        /// To be made before the rows are stored.
        var copy: BlockCopy?
    }

    private(set) var tokens: [Int32] = []
    private(set) var positions: [Int32] = []
    private(set) var stretches: [Stretch] = []
    /// Rows whose next token is asked for.
    private(set) var predictedRows: [Int] = []

    mutating func append(
        _ stretch: some Collection<Int32>, at start: Int, blocks: [Int], copy: BlockCopy?, predictsNext: Bool
    ) {
        let rows = tokens.count..<tokens.count + stretch.count
        tokens.append(contentsOf: stretch)
        positions.append(contentsOf: Int32(start)..<Int32(start + stretch.count))
        stretches.append(Stretch(rows: rows, start: start, blocks: blocks, copy: copy))
        if predictsNext { predictedRows.append(rows.upperBound - 1) }
    }
}
