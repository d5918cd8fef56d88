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

/// An answer.
package struct GeneratedSequence: Hashable, Sendable {
    /// What ended it. The numbers are stored.
    package enum End: Int32, Hashable, Sendable {
        /// As many tokens or positions as there may be.
        case limit = 0
        case stopToken = 1
        case stopSequence = 2
        /// The constraint lets nothing follow.
        case completion = 3
    }

    /// Without prompt and stop token, and without the tokens that lie wholly behind a stop sequence's start.
    package internal(set) var tokens: [Int32]
    package internal(set) var end: End
    /// Bytes at the last token's end that belong to a stop sequence, not to the answer.
    package internal(set) var surplusBytes: Int
    /// ln p of each token under the model: the softmax of its logits as they are, at temperature 1, nothing cut off. Where a
    /// stop token ended the answer, its own comes last. Empty unless asked for.
    package internal(set) var logProbabilities: [Float]
    /// ln p of the same tokens under what they were drawn from: tempered, cut and constrained; 0 where the choice was greedy.
    package internal(set) var choiceLogProbabilities: [Float]

    package init(
        tokens: [Int32] = [], end: End = .limit, surplusBytes: Int = 0, logProbabilities: [Float] = [],
        choiceLogProbabilities: [Float] = []
    ) {
        self.tokens = tokens
        self.end = end
        self.surplusBytes = surplusBytes
        self.logProbabilities = logProbabilities
        self.choiceLogProbabilities = choiceLogProbabilities
    }

    /// Whether it ended by itself, before the limit.
    package var isFinished: Bool { end != .limit }

    /// The answer's text, without special tokens.
    package func text(with tokenizer: Tokenizer) -> String {
        guard surplusBytes > 0, let last = tokens.last else { return tokenizer.decode(tokens.lazy.map(Int.init)) }
        let kept = tokens.dropLast().filter { !tokenizer.isSpecial(Int($0)) }
        let bytes = tokenizer.bytes(of: kept.map(Int.init)) + tokenizer.bytes(of: [Int(last)]).dropLast(surplusBytes)
        return String(decoding: bytes, as: UTF8.self)
    }
}
