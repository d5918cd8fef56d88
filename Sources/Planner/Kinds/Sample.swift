/// Rollouts: a model answers the training prompts.
///
/// Inputs: `model`, `data` (of `data.split`).
/// Output: `rollouts.jsonl`: row id, sample number, response text, whether it ended by itself.
public struct Sample: StageKind {
    public static let name = "sample"
    public static let revision = 2
    public static let inputs: [InputDeclaration] = [.required("model"), .required("data")]

    /// Responses per prompt.
    public var samples: Int
    /// 0 is greedy.
    public var temperature: Double
    /// New tokens at most.
    public var maxTokens: Int
    public var seed: Int
    public var prompt: PromptStyle
    public var answer: AnswerStyle
    /// Whether responses are held to calls of the candidate functions; absent for no.
    public var constrained: Bool?

    public init(
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

    public var runsModel: Bool { true }
    public func memory(_ inputs: [String: Int]) -> Int { Memory.inference(inputs) }
}
