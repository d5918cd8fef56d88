import CKernels

/// How well a model expects a text.
package struct Perplexity: Hashable, Sendable {
    /// Mean negative log-likelihood of a counted token, in nats.
    package let loss: Double
    package let countedTokens: Int

    /// e to the power of the loss.
    package var value: Double { PortableMath.exp(loss) }
}

extension InferenceModel {
    /// The perplexity of a text in windows. What `checkpoint` saves are the windows' sums of negative log-likelihoods.
    ///
    /// - Throws: `GenerationError` when a window is longer than the model reads, or the text holds an unknown token; what
    ///   `checkpoint` throws.
    package func perplexity(
        of tokens: [Int32], in windows: PerplexityWindows, workers: WorkerPool, checkpoint: ResultCheckpoint<[Double]> = .none
    ) throws -> Perplexity {
        for (index, range) in windows.ranges.enumerated() { try check(Array(tokens[range]), index: index) }
        let decoder = decoder(positions: windows.ranges.map(\.count).max() ?? 1, workers: workers)
        let sums = try workers.results(windows.ranges.count, size: 1, checkpoint: checkpoint) { numbers in
            numbers.map { [loss(of: tokens[windows.ranges[$0]], counting: windows.counted[$0], with: decoder)] }
        }
        let sum = sums.reduce(0) { $0 + ($1.first ?? 0) }
        return Perplexity(loss: sum / Double(windows.countedTokens), countedTokens: windows.countedTokens)
    }

    /// The sum over the last `counted` tokens of a window.
    private func loss(of window: ArraySlice<Int32>, counting counted: Int, with decoder: Decoder) -> Double {
        let first = window.count - 1 - counted
        var batch = PackedBatch()
        batch.append(window, predicting: first..<window.count - 1)
        var sum = 0.0
        decoder.forEachLogits(of: batch) { rows, logits in
            sum += negativeLogLikelihood(of: window.dropFirst(first + 1 + rows.lowerBound), logits, rows: rows.count)
        }
        return sum
    }

    /// Logits [rows, V], which are used up, and the tokens that follow.
    private func negativeLogLikelihood(
        of targets: ArraySlice<Int32>, _ logits: UnsafeMutablePointer<Float>, rows: Int
    ) -> Double {
        let vocabularySize = model.configuration.vocabularySize
        var sum = 0.0
        for (row, target) in targets.prefix(rows).enumerated() {
            sum += InferenceModel.negativeLogLikelihood(of: target, logits + row * vocabularySize, vocabularySize)
        }
        return sum
    }

    /// Of one token; the logits [V] are used up.
    private static func negativeLogLikelihood(
        of token: Int32, _ logits: UnsafeMutablePointer<Float>, _ vocabularySize: Int
    ) -> Double {
        let wanted = Double(logits[Int(token)])
        let statistics = decant_softmax(logits, logits, 1, vocabularySize)
        return Double(statistics.largest) + PortableMath.log(Double(statistics.sum)) - wanted
    }
}

/// The windows that a long text is read in, and the tokens that each of them counts: those that no window before it held.
///
/// This is how `transformers`' page on the perplexity of fixed-length models strides. A token counts once, unless it begins
/// the text or a window that overlaps no other: nothing precedes it.
package struct PerplexityWindows: Hashable, Sendable {
    /// Places of the text's tokens.
    package let ranges: [Range<Int>]
    /// How many tokens at a window's end count.
    package let counted: [Int]

    /// - Parameters:
    ///   - count: tokens of the text, at least two.
    ///   - context: tokens of a window.
    ///   - stride: tokens between the starts of two windows, at most `context`.
    package init(count: Int, context: Int, stride: Int) throws(GenerationError) {
        guard count >= 2 else { throw GenerationError("The text has \(count) tokens; perplexity needs at least two.") }
        guard context >= 2, (1...context).contains(stride) else {
            throw GenerationError("A stride of \(stride) does not fit a context of \(context) tokens.")
        }
        var ranges: [Range<Int>] = []
        var counted: [Int] = []
        var end = 0
        while end < count {
            let start = ranges.count * stride
            let next = min(start + context, count)
            counted.append(next - max(end, start + 1))
            ranges.append(start..<next)
            end = next
        }
        (self.ranges, self.counted) = (ranges, counted)
    }

    package var countedTokens: Int { counted.reduce(0, +) }
}

extension InferenceModel {
    /// The mean negative log-likelihood, in nats, of all tokens of some sequences but the first of each.
    /// - Throws: `GenerationError` when no token follows another, or the model cannot read a sequence.
    func meanLoss(of sequences: [[Int32]], workers: WorkerPool) throws(GenerationError) -> Double {
        for (index, sequence) in sequences.enumerated() { try check(sequence, index: index) }
        let tokens = sequences.reduce(0) { $0 + $1.count - 1 }
        guard tokens > 0 else { throw GenerationError("There are no sequences of two tokens to measure perplexity on.") }
        let decoder = decoder(positions: sequences.map(\.count).max() ?? 1, workers: workers)
        let sums = InferenceModel.calibrationGroups(of: sequences.count).map { lossSum(of: sequences[$0], with: decoder) }
        return sums.reduce(0, +) / Double(tokens)
    }

    private func lossSum(of sequences: ArraySlice<[Int32]>, with decoder: Decoder) -> Double {
        var batch = PackedBatch()
        for sequence in sequences { batch.append(sequence, predicting: 0..<sequence.count - 1) }
        let targets = sequences.flatMap { $0.dropFirst() }
        let vocabulary = decoder.configuration.vocabularySize
        var losses = [Double](repeating: 0, count: targets.count)
        decoder.forEachLogits(of: batch) { rows, logits in
            losses.withUnsafeMutableBufferPointer { losses in
                decoder.workers.forEach(rows.count) { row in
                    losses[rows.lowerBound + row] = InferenceModel.negativeLogLikelihood(
                        of: targets[rows.lowerBound + row], logits + row * vocabulary, vocabulary)
                }
            }
        }
        return losses.reduce(0, +)
    }
}
