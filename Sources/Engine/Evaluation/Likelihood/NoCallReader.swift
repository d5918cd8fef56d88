import Words

/// How probable a model that answers in Decant's form holds no call to be after a prompt: the answer `[]` and its end token.
package struct NoCallReader {
    /// What the model answers then.
    package static let answer = PromptStyle.response(of: [])

    private let reader: LikelihoodReader
    private let continuation: [Int32]
    private let positions: Int

    /// - Returns: `nil` for a model that calls in a form of its own, in which words of any kind are no call.
    package init?(_ model: InferenceModel, prompts: PromptEncoder, workers: WorkerPool) {
        guard prompts.formName == nil else { return nil }
        reader = LikelihoodReader(model, workers: workers)
        continuation = prompts.responseTokens(of: Self.answer)
        positions = model.model.configuration.maximumPositions
    }

    /// The tokens of no call, without the end token.
    package var tokens: Int { continuation.count - 1 }

    /// A probability for each prompt.
    ///
    /// - Throws: as `LikelihoodReader` does.
    package func likelihoods(after prompts: [[Int32]]) throws -> [Double] {
        let questions = prompts.map { LikelihoodQuestion(context: $0, continuation: continuation).cut(to: positions) }
        return try reader.likelihoods(of: questions).map { min(1, PortableMath.exp($0.logProbability)) }
    }
}
