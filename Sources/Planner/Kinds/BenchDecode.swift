/// Measures how fast a model answers one prompt, one token after the other, with all of the machine to itself.
///
/// The prompt is of fixed tokens, and nothing ends the answer early. A model that reads fewer positions gets shorter ones.
///
/// Inputs: `model` (float or quantized).
/// Output: `speed.json`: `tokens_per_second` of the best round, that of each of the `rounds`, without the time of reading the
/// prompt; `prompt_tokens` and `new_tokens` as they were, `threads`.
public struct BenchDecode: StageKind {
    public static let name = "bench.decode"
    public static let revision = 1
    public static let inputs: [InputDeclaration] = [.required("model")]
    public static let isMeasurement = true

    /// Tokens of the prompt, at most.
    public var promptTokens: Int
    /// Tokens whose time is taken, at most.
    public var newTokens: Int
    /// How often.
    public var rounds: Int

    public init(promptTokens: Int = 32, newTokens: Int = 64, rounds: Int = 3) {
        self.promptTokens = promptTokens
        self.newTokens = newTokens
        self.rounds = rounds
    }

    public var runsModel: Bool { true }
    public func memory(_ inputs: [String: Int]) -> Int { Memory.inference(inputs) }
}
