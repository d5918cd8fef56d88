/// Sequences of different lengths, one behind the other with no padding, and the rows whose logits are wanted.
struct PackedBatch {
    private(set) var tokens: [Int32] = []
    /// Of each token within its sequence.
    private(set) var positions: [Int32] = []
    /// Where each sequence starts, and where the last one ends.
    private(set) var offsets: [Int32] = [0]
    /// Rows of `tokens` whose next token the model is asked for.
    private(set) var predictedRows: [Int32] = []
    private(set) var longest = 0

    var sequenceCount: Int { offsets.count - 1 }

    /// Adds a sequence; logits are wanted at its positions `predicted`.
    mutating func append(_ sequence: some Collection<Int32>, predicting predicted: Range<Int>) {
        let start = Int32(tokens.count)
        tokens.append(contentsOf: sequence)
        positions.append(contentsOf: 0..<Int32(sequence.count))
        offsets.append(Int32(tokens.count))
        predictedRows.append(contentsOf: predicted.map { start + Int32($0) })
        longest = max(longest, sequence.count)
    }

    /// Adds one token that follows `position` others, which a cache holds; its logits are wanted.
    mutating func append(token: Int32, at position: Int) {
        append(CollectionOfOne(token), predicting: 0..<1)
        positions[positions.count - 1] = Int32(position)
    }
}
