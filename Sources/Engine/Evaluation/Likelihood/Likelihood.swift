/// How probable a model holds a text to be after another.
package struct Likelihood: Hashable, Sendable {
    /// Natural logarithm of the probability of all tokens of the continuation, each after those before it.
    package let logProbability: Double
    /// Tokens of the continuation.
    package let tokens: Int
    /// Whether each of them is the most probable token at its place.
    package let isGreedy: Bool

    package init(logProbability: Double, tokens: Int, isGreedy: Bool) {
        (self.logProbability, self.tokens, self.isGreedy) = (logProbability, tokens, isGreedy)
    }
}

/// A continuation whose likelihood is asked, and what stands before it.
package struct LikelihoodQuestion: Hashable, Sendable {
    package var context: [Int32]
    package var continuation: [Int32]

    package init(context: [Int32], continuation: [Int32]) { (self.context, self.continuation) = (context, continuation) }

    /// The tokens that the model reads: all but the last.
    var input: ArraySlice<Int32> { (context + continuation).dropLast() }

    /// The question without the context's first tokens, where model and question do not fit otherwise.
    ///
    /// - Parameter positions: the most tokens that the model reads.
    package func cut(to positions: Int) -> LikelihoodQuestion {
        let surplus = context.count + continuation.count - 1 - positions
        guard surplus > 0 else { return self }
        return LikelihoodQuestion(context: Array(context.dropFirst(surplus)), continuation: continuation)
    }
}

/// Finds likelihoods of continuations, the answers that a row offers among them.
///
/// Tokens that questions share from their start are read once. No likelihood depends on other questions, their order or the
/// number of threads.
package final class LikelihoodReader {
    /// Questions that share the tokens they have in common; a checkpoint is complete after each such group.
    static let groupSize = 256

    private let model: InferenceModel
    private let weights: InferenceWeights
    private let workers: WorkerPool
    private let tokensPerStep: Int

    /// Packs the model's weights.
    package convenience init(_ model: InferenceModel, workers: WorkerPool) {
        self.init(model, workers: workers, tokensPerStep: 256)
    }

    init(_ model: InferenceModel, workers: WorkerPool, tokensPerStep: Int) {
        (self.model, self.workers, self.tokensPerStep) = (model, workers, max(1, tokensPerStep))
        weights = InferenceWeights(model, workers: workers)
    }

    /// The likelihood of each question's continuation. What `checkpoint` saves are log-probabilities, and 1 for greedy ones.
    ///
    /// - Throws: `GenerationError` when a question has no context or no continuation, is too long, or holds an unknown token;
    ///   what `checkpoint` throws.
    package func likelihoods(
        of questions: [LikelihoodQuestion], checkpoint: ResultCheckpoint<[Double]> = .none
    ) throws -> [Likelihood] {
        for (index, question) in questions.enumerated() { try check(question, index: index) }
        let longest = questions.map { $0.input.count }.max() ?? 1
        var results = questions.indices.map { checkpoint.done[$0] }
        for start in stride(from: 0, to: questions.count, by: Self.groupSize) {
            let group = start..<min(questions.count, start + Self.groupSize)
            guard group.contains(where: { results[$0] == nil }) else { continue }
            var reading = LikelihoodReading(Array(questions[group]))
            let decoder = StepDecoder(
                weights, cache: CacheBlocks(model.model.configuration, model.keyValues), positions: longest, workers: workers)
            while reading.advance(decoder, tokens: tokensPerStep) {}
            let found = reading.results
            for (index, result) in zip(group, found) { results[index] = result }
            try checkpoint.save(group, found)
        }
        return zip(questions, results).map { question, result in
            Likelihood(
                logProbability: result?.first ?? 0, tokens: question.continuation.count, isGreedy: result?.last == 1)
        }
    }

    private func check(_ question: LikelihoodQuestion, index: Int) throws(GenerationError) {
        guard !question.context.isEmpty, !question.continuation.isEmpty else {
            throw GenerationError("Question \(index + 1) needs both a context and a continuation.")
        }
        try model.check(Array(question.input), index: index)
        try model.check(question.continuation, index: index)
    }
}
