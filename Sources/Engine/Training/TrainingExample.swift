/// One row to learn from: a prompt and the response to it.
public struct TrainingExample: Hashable, Sendable {
    /// Prompt and response, the end token included.
    public var tokens: [Int32]
    /// At least 1; the loss runs on the tokens behind it.
    public var promptLength: Int
    /// The teacher's logits at the response's positions, for distillation.
    public var teacher: TeacherLogits?
    /// What moves the response's tokens, for reinforcement learning.
    public var rollout: RolloutSignal?

    public init(tokens: [Int32], promptLength: Int, teacher: TeacherLogits? = nil) {
        self.tokens = tokens
        self.promptLength = promptLength
        self.teacher = teacher
    }

    public var responseLength: Int { tokens.count - promptLength }

    /// The positions whose next token belongs to the response.
    var predictingPositions: Range<Int> { promptLength - 1..<tokens.count - 1 }
}

/// A teacher's k largest logits at every response position.
public struct TeacherLogits: Hashable, Sendable {
    public var k: Int
    /// [positions, k], by falling logit, equal ones by rising token.
    public var topTokens: [Int32]
    /// [positions, k]
    public var topLogits: [Float]
    /// [positions]: over the whole vocabulary, so that the stored tokens' probabilities are exact.
    public var logSumExp: [Float]

    public init(k: Int, topTokens: [Int32], topLogits: [Float], logSumExp: [Float]) {
        self.k = k
        self.topTokens = topTokens
        self.topLogits = topLogits
        self.logSumExp = logSumExp
    }

    public var positionCount: Int { logSumExp.count }
}
