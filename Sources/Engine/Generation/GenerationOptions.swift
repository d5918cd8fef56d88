/// How answers are generated.
public struct GenerationOptions: Hashable, Sendable {
    /// Tokens of an answer, at most.
    public var maximumTokens: Int
    /// The token that ends an answer.
    public var stopToken: Int32?
    /// 0 takes the most probable token at every position.
    public var temperature: Double
    public var seed: UInt64

    public init(maximumTokens: Int, stopToken: Int32?, temperature: Double = 0, seed: UInt64 = 0) {
        self.maximumTokens = maximumTokens
        self.stopToken = stopToken
        self.temperature = temperature
        self.seed = seed
    }
}

/// An answer.
public struct GeneratedSequence: Hashable, Sendable {
    /// Without prompt and stop token.
    public internal(set) var tokens: [Int32]
    /// Whether the stop token came before the limit.
    public internal(set) var isFinished: Bool

    public init(tokens: [Int32] = [], isFinished: Bool = false) {
        self.tokens = tokens
        self.isFinished = isFinished
    }
}
