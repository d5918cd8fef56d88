/// Measures how fast a model answers one prompt, one token after the other, with all of the machine to itself.
///
/// The prompt is of fixed tokens, and nothing ends the answer early. A model that reads fewer positions gets shorter ones.
///
/// Inputs: `model` (float or quantized).
/// Output: `speed.json`: `tokens_per_second` of the best round, that of each of the `rounds`, without the time of reading the
/// prompt; `prompt_tokens` and `new_tokens` as they were, `threads`.
package struct BenchDecode: StageKind {
    package static let name = "bench.decode"
    package static let revision = 1
    package static let inputs: [InputDeclaration] = [.required("model")]
    package static let isMeasurement = true

    /// Tokens of the prompt, at most.
    package var promptTokens: Int
    /// Tokens whose time is taken, at most.
    package var newTokens: Int
    /// How often.
    package var rounds: Int

    package init(promptTokens: Int = 32, newTokens: Int = 64, rounds: Int = 3) {
        self.promptTokens = promptTokens
        self.newTokens = newTokens
        self.rounds = rounds
    }

    package var runsModel: Bool { true }
    package func memory(_ inputs: [String: Int]) -> Int { Memory.inference(inputs) }
}
