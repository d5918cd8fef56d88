/// How answers are generated.
///
/// Where a temperature is set, a token is drawn from the softmax of the logits divided by it, cut to the `topK` largest and
/// then to the smallest set of tokens that holds `topP` of what is left: the order of `transformers`.
package struct GenerationOptions: Sendable {
    /// Tokens of an answer, at most.
    package var maximumTokens: Int
    /// Tokens that end an answer, and are no part of it.
    package var stopTokens: Set<Int32>
    /// Texts that end an answer, and are no part of it.
    package var stopSequences: StopSequences?
    /// 0 takes the most probable token at every position.
    package var temperature: Double
    /// Tokens that are kept; those equal to the last kept one stay too. `nil` for all.
    package var topK: Int?
    /// Probability that is kept. 1 for all.
    package var topP: Double
    /// Answers to each prompt.
    package var samples: Int
    package var seed: UInt64
    /// What every answer must keep to; a prompt's own constraint goes before it.
    package var constraint: TokenConstraint?
    /// Whether answers hold the log-probabilities of their tokens.
    package var recordsLogProbabilities: Bool

    package init(
        maximumTokens: Int, stopTokens: Set<Int32> = [], stopSequences: StopSequences? = nil, temperature: Double = 0,
        topK: Int? = nil, topP: Double = 1, samples: Int = 1, seed: UInt64 = 0, constraint: TokenConstraint? = nil,
        recordsLogProbabilities: Bool = false
    ) {
        self.maximumTokens = maximumTokens
        self.stopTokens = stopTokens
        self.stopSequences = stopSequences
        self.temperature = temperature
        self.topK = topK
        self.topP = topP
        self.samples = samples
        self.seed = seed
        self.constraint = constraint
        self.recordsLogProbabilities = recordsLogProbabilities
    }

    package init(maximumTokens: Int, stopToken: Int32?, temperature: Double = 0, seed: UInt64 = 0) {
        self.init(
            maximumTokens: maximumTokens, stopTokens: Set([stopToken].compactMap(\.self)), temperature: temperature, seed: seed)
    }

    func check() throws(GenerationError) {
        guard temperature.isFinite, temperature >= 0 else {
            throw GenerationError("The temperature must be 0 or more, not \(temperature).")
        }
        if let topK, topK < 1 { throw GenerationError("Top-k must keep at least one token, not \(topK).") }
        guard topP > 0, topP <= 1 else { throw GenerationError("Top-p must be above 0 and at most 1, not \(topP).") }
        guard samples > 0 else { throw GenerationError("A prompt needs at least one sample, not \(samples).") }
    }
}

/// What is to be continued.
package struct GenerationPrompt: Sendable {
    package var tokens: [Int32]
    /// What the answer must keep to.
    package var constraint: TokenConstraint?

    package init(_ tokens: [Int32], constraint: TokenConstraint? = nil) {
        self.tokens = tokens
        self.constraint = constraint
    }
}
