/// Reads sequences with a teacher and keeps its largest logits; the weights are laid out once for several calls.
package final class LogitsCapture {
    private let model: InferenceModel
    private let decoder: Decoder
    private let workers: WorkerPool

    /// Examples that are read together. No result depends on it.
    private static let groupSize = 16

    /// - Parameter longest: tokens of an example, at most.
    package init(_ model: InferenceModel, longest: Int, workers: WorkerPool) {
        self.model = model
        self.workers = workers
        decoder = model.decoder(positions: longest, workers: workers)
    }

    /// The k largest logits, the log-sum-exp and the rest at every position of the span of every example.
    ///
    /// k is cut to the size of the vocabulary.
    /// - Throws: `GenerationError` when an example is too long, holds an unknown token, or has no prompt or no response;
    ///   what `resumption` throws.
    package func capture(
        _ examples: [TrainingExample], k: Int, of span: TokenSpan = .response, resumption: Resumption<TeacherLogits> = .none
    ) throws -> [TeacherLogits] {
        for (index, example) in examples.enumerated() {
            try model.check(example.tokens, index: index)
            if example.promptLength < 1 || example.promptLength >= example.tokens.count {
                throw GenerationError("Sequence \(index + 1) needs both a prompt and a response.")
            }
        }
        let k = min(max(1, k), model.model.configuration.vocabularySize)
        let captured = try workers.results(examples.count, size: Self.groupSize, resumption: resumption) {
            read(examples[$0], k: k, span)
        }
        guard zip(captured, examples).allSatisfy({ $0.k == k && $0.positionCount == span.positions(in: $1).count }) else {
            throw GenerationError("The logits to go on from are of other examples.")
        }
        return captured
    }

    /// One group's logits, from one pass over all its tokens.
    private func read(_ examples: ArraySlice<TrainingExample>, k: Int, _ span: TokenSpan) -> [TeacherLogits] {
        let vocabularySize = decoder.configuration.vocabularySize
        var batch = PackedBatch()
        for example in examples { batch.append(example.tokens, predicting: span.predictingPositions(in: example)) }
        let arena = Arena()
        return withExtendedLifetime(arena) {
            let activations = Activations(
                decoder.configuration, batch, keeping: .nothing, logitRows: Decoder.logitRows, in: arena)
            decoder.hiddenStates(batch, activations)
            var captured = TeacherLogits(k: k)
            decoder.forEachLogits(batch, activations) { rows in
                captured.append(activations.logits, positions: rows.count, vocabularySize: vocabularySize)
            }
            var position = 0
            return examples.map { example in
                let count = span.positions(in: example).count
                defer { position += count }
                return captured.positions(position..<position + count)
            }
        }
    }
}

extension InferenceModel {
    /// The k largest logits at every position of the span of every example; see `LogitsCapture`.
    package func captureLogits(
        _ examples: [TrainingExample], k: Int, of span: TokenSpan = .response, workers: WorkerPool,
        resumption: Resumption<TeacherLogits> = .none
    ) throws -> [TeacherLogits] {
        // A length beyond the model's limit is refused there.
        let longest = min(examples.map(\.tokens.count).max() ?? 1, model.configuration.maximumPositions)
        return try LogitsCapture(self, longest: max(1, longest), workers: workers)
            .capture(examples, k: k, of: span, resumption: resumption)
    }
}
