/// Reads responses with one model, call after call.
final class ResponseScorer {
    private let decoder: Decoder
    private let workers: WorkerPool

    /// Examples that are read together. No result depends on it.
    private static let groupSize = 16

    /// - Parameter longest: tokens of an example, at most.
    init(_ model: InferenceModel, longest: Int, workers: WorkerPool) {
        decoder = model.decoder(positions: longest, workers: workers)
        self.workers = workers
    }

    /// ln π of every response token, π the softmax of the logits over the temperature.
    func logProbabilities(of examples: [TrainingExample], temperature: Double) -> [[Float]] {
        stride(from: 0, to: examples.count, by: Self.groupSize).flatMap { start in
            group(examples[start..<min(start + Self.groupSize, examples.count)], temperature: temperature)
        }
    }

    private func group(_ examples: ArraySlice<TrainingExample>, temperature: Double) -> [[Float]] {
        let vocabularySize = decoder.configuration.vocabularySize
        var batch = PackedBatch()
        for example in examples { batch.append(example.tokens, predicting: TokenSpan.response.predictingPositions(in: example)) }
        let responses = examples.flatMap { $0.tokens[$0.promptLength...] }
        var scores = [Float](repeating: 0, count: responses.count)
        let arena = Arena()
        withExtendedLifetime(arena) {
            let activations = Activations(
                decoder.configuration, batch, keeping: .nothing, logitRows: Decoder.logitRows, in: arena)
            decoder.hiddenStates(batch, activations)
            decoder.forEachLogits(batch, activations) { rows in
                for row in rows {
                    let logits = activations.logits + (row - rows.lowerBound) * vocabularySize
                    let policy = TokenDistribution(logits, vocabularySize: vocabularySize, temperature: temperature)
                    scores[row] = Float(policy.logProbability(of: responses[row]))
                }
            }
        }
        var first = 0
        return examples.map { example in
            defer { first += example.responseLength }
            return Array(scores[first..<first + example.responseLength])
        }
    }
}
