/// Which sequences of a pass begin with the same tokens: what an earlier one has computed of them, a later one reads.
///
/// Hidden states at a position depend on the tokens up to it alone, so that those of the earlier sequence are the later one's,
/// bit for bit.
struct SharedStarts {
    /// The first tokens of an earlier sequence.
    struct Start: Hashable {
        /// Its place among the sequences.
        let sequence: Int
        let count: Int
    }

    /// Fewer equal tokens cost more to look up than to compute; the headers of chat templates are shorter.
    static let fewest = 32

    private var sequences: [[Int32]] = []

    /// Adds a sequence.
    ///
    /// - Parameter limit: its first position whose logits are needed: that one, and those behind it, remain its own.
    /// - Returns: the longest beginning that it shares with an earlier one; `nil` where that is too short to be read.
    mutating func add(_ sequence: [Int32], upTo limit: Int) -> Start? {
        defer { sequences.append(sequence) }
        var best = Start(sequence: 0, count: 0)
        for (place, earlier) in sequences.enumerated() where best.count < limit {
            let count = Self.common(earlier, sequence, upTo: limit)
            if count > best.count { best = Start(sequence: place, count: count) }
        }
        return best.count >= Self.fewest ? best : nil
    }

    /// The number of equal tokens at the beginnings of two sequences, `limit` at most.
    static func common(_ a: [Int32], _ b: [Int32], upTo limit: Int) -> Int {
        let most = max(0, min(a.count, b.count, limit))
        return (0..<most).first { a[$0] != b[$0] } ?? most
    }
}

extension PackedBatch {
    /// Examples whose tokens of the span are predicted, in order.
    ///
    /// - Parameter sharing: whether tokens with which examples begin alike have rows once.
    init(_ examples: some Sequence<TrainingExample>, predicting span: TokenSpan, sharing: Bool) {
        self.init()
        var starts = SharedStarts()
        for example in examples {
            let predicted = span.predictingPositions(in: example)
            append(
                example.tokens, predicting: predicted,
                after: sharing ? starts.add(example.tokens, upTo: predicted.lowerBound) : nil)
        }
    }
}

extension SharedStarts {
    /// Neighbours of a run at most: so many rows of one list cost little more than one, and a step has others beside them.
    private static let longestRun = 16

    /// Neighbours that begin alike, beyond what all examples begin with, as ranges that cover all examples.
    ///
    /// Examples that list the same functions have these in common, and lie next to each other where the data are grouped.
    static func runs(of examples: [TrainingExample]) -> [Range<Int>] {
        guard let first = examples.first else { return [] }
        let ofAll = examples.reduce(first.promptLength) { count, example in
            common(first.tokens, example.tokens, upTo: min(count, example.promptLength))
        }
        var runs = [0..<1]
        for index in examples.indices.dropFirst() {
            let (last, example) = (runs[runs.count - 1], examples[index])
            let count = common(examples[index - 1].tokens, example.tokens, upTo: example.promptLength)
            if count >= ofAll + fewest, last.count < longestRun {
                runs[runs.count - 1] = last.lowerBound..<index + 1
            } else {
                runs.append(index..<index + 1)
            }
        }
        return runs
    }
}
