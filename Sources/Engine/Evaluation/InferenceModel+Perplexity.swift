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
        let arena = Arena()
        return withExtendedLifetime(arena) {
            // The head's rows piece by piece: a whole window's logits would be the largest thing in memory.
            let activations = Activations(
                decoder.configuration, batch, keeping: .nothing, logitRows: Decoder.logitRows, in: arena)
            decoder.hiddenStates(batch, activations)
            var sum = 0.0
            decoder.forEachLogits(batch, activations) { rows in
                sum += negativeLogLikelihood(
                    of: window.dropFirst(first + 1 + rows.lowerBound), activations.logits, rows: rows.count)
            }
            return sum
        }
    }

    /// Logits [rows, V], which are used up, and the tokens that follow.
    private func negativeLogLikelihood(
        of targets: ArraySlice<Int32>, _ logits: UnsafeMutablePointer<Float>, rows: Int
    ) -> Double {
        let vocabularySize = model.configuration.vocabularySize
        var sum = 0.0
        for (row, target) in targets.prefix(rows).enumerated() {
            let logits = logits + row * vocabularySize
            let wanted = Double(logits[Int(target)])
            let statistics = decant_softmax(logits, logits, 1, vocabularySize)
            sum += Double(statistics.largest) + PortableMath.log(Double(statistics.sum)) - wanted
        }
        return sum
    }
}
