/// How answers are generated.
///
/// Where a temperature is set, a token is drawn from the softmax of the logits divided by it, cut to the `topK` largest and
/// then to the smallest set of tokens that holds `topP` of what is left: the order of `transformers`.
package struct GenerationOptions: Sendable {
    /// Largest number of tokens of an answer.
    package var maximumTokens: Int
    /// Tokens that end an answer and are not part of it.
    package var stopTokens: Set<Int32>
    /// Texts that end an answer and are not part of it.
    package var stopSequences: StopSequences?
    /// 0 takes the most probable token at every position.
    package var temperature: Double
    /// Number of tokens that are kept, and those equal to the last; `nil` for all.
    package var topK: Int?
    /// Probability that is kept. 1 for all.
    package var topP: Double
    /// Answers to each prompt.
    package var samples: Int
    package var seed: UInt64
    /// The constraint of every answer; a prompt's own constraint overrides it.
    package var constraint: TokenConstraint?
    /// Whether answers hold the log-probabilities of their tokens.
    package var recordsLogProbabilities: Bool

    package init(
        maximumTokens: Int, stopTokens: Set<Int32> = [], stopSequences: StopSequences? = nil, temperature: Double = 0,
        topK: Int? = nil, topP: Double = 1, samples: Int = 1, seed: UInt64 = 0, constraint: TokenConstraint? = nil,
        recordsLogProbabilities: Bool = false
    ) {
        (self.maximumTokens, self.stopTokens, self.stopSequences) = (maximumTokens, stopTokens, stopSequences)
        (self.temperature, self.topK, self.topP) = (temperature, topK, topP)
        (self.samples, self.seed, self.constraint) = (samples, seed, constraint)
        self.recordsLogProbabilities = recordsLogProbabilities
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

/// A prompt of generation.
package struct GenerationPrompt: Sendable {
    package var tokens: [Int32]
    /// The constraint of the answer.
    package var constraint: TokenConstraint?
    /// The tokens of the answer, where it is known and its probability is asked; else none.
    package var dictated: [Int32]

    package init(_ tokens: [Int32], constraint: TokenConstraint? = nil, dictated: [Int32] = []) {
        (self.tokens, self.constraint, self.dictated) = (tokens, constraint, dictated)
    }
}

/// A generated answer.
package struct GeneratedSequence: Hashable, Sendable {
    /// What ended the answer. The raw values are stored in files.
    package enum End: Int32, Hashable, Sendable {
        /// The largest number of tokens or positions was reached.
        case limit = 0
        case stopToken = 1
        case stopSequence = 2
        /// The constraint allows no further token.
        case completion = 3
    }

    /// Tokens without the prompt, the stop token, and the tokens that start after the start of a stop sequence.
    package internal(set) var tokens: [Int32]
    package internal(set) var end: End
    /// Bytes at the end of the last token that belong to a stop sequence and not to the answer.
    package internal(set) var surplusBytes: Int
    /// ln p of each token under the model's softmax at temperature 1 over all tokens, and of the stop token that ended the answer.
    /// Empty unless requested.
    package internal(set) var logProbabilities: [Float]
    /// ln p of the same tokens under the distribution that they were drawn from; 0 where the choice was greedy.
    package internal(set) var choiceLogProbabilities: [Float]

    package init(
        tokens: [Int32] = [], end: End = .limit, surplusBytes: Int = 0, logProbabilities: [Float] = [],
        choiceLogProbabilities: [Float] = []
    ) {
        (self.tokens, self.end, self.surplusBytes) = (tokens, end, surplusBytes)
        (self.logProbabilities, self.choiceLogProbabilities) = (logProbabilities, choiceLogProbabilities)
    }

    /// How probable the model holds the answer and its end to be, where log-probabilities are recorded.
    package var probability: Double { min(1, PortableMath.exp(logProbabilities.reduce(0) { $0 + Double($1) })) }

    /// Whether the answer ended before the limit.
    package var isFinished: Bool { end != .limit }

    /// The answer's text, without special tokens.
    package func text(with tokenizer: Tokenizer) -> String {
        guard surplusBytes > 0, let last = tokens.last else { return tokenizer.decode(tokens.lazy.map(Int.init)) }
        let kept = tokens.dropLast().filter { !tokenizer.isSpecial(Int($0)) }
        let bytes = tokenizer.bytes(of: kept.map(Int.init)) + tokenizer.bytes(of: [Int(last)]).dropLast(surplusBytes)
        return String(decoding: bytes, as: UTF8.self)
    }
}
