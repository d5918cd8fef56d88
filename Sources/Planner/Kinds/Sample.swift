import Words

/// Rollouts: a model answers the training prompts.
///
/// Inputs: `model`, `data` (of `data.split`).
/// Output: `rollouts.jsonl`: row id, sample number, response text, whether it ended by itself.
package struct Sample: StageKind {
    package static let name = "sample"
    package static let revision = 2
    package static let inputs: [InputDeclaration] = [.required("model"), .required("data")]

    /// Responses per prompt.
    package var samples: Int
    /// 0 is greedy.
    package var temperature: Double
    /// New tokens at most.
    package var maxTokens: Int
    package var seed: Int
    package var prompt: PromptStyle
    package var answer: AnswerStyle
    /// Whether responses are held to calls of the candidate functions; absent for no.
    package var constrained: Bool?

    package init(
        samples: Int, temperature: Double, maxTokens: Int, seed: Int, prompt: PromptStyle, answer: AnswerStyle,
        constrained: Bool? = nil
    ) {
        self.samples = samples
        self.temperature = temperature
        self.maxTokens = maxTokens
        self.seed = seed
        self.prompt = prompt
        self.answer = answer
        self.constrained = constrained
    }

    package var runsModel: Bool { true }
    package func memory(_ inputs: [String: Int]) -> Int { Memory.inference(inputs) }
}
