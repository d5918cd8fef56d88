/// Greedy answers to the rows of the evaluation sets.
///
/// Inputs: `model` (float or quantized), `data` (of `data.split`).
/// Output: `<set>.jsonl` per set: row id, response text, prompt and response token counts.
public struct EvalGenerate: StageKind {
    public static let name = "eval.generate"
    public static let revision = 2
    public static let inputs: [InputDeclaration] = [.required("model"), .required("data")]

    /// In the order in which they are reported.
    public var sets: [String]
    public var maxTokens: Int
    public var prompt: PromptStyle
    public var answer: AnswerStyle
    /// Whether answers are held to calls of the candidate functions; absent for no.
    public var constrained: Bool?

    public init(sets: [String], maxTokens: Int, prompt: PromptStyle, answer: AnswerStyle, constrained: Bool? = nil) {
        self.sets = sets
        self.maxTokens = maxTokens
        self.prompt = prompt
        self.answer = answer
        self.constrained = constrained
    }

    public var runsModel: Bool { true }
    public func memory(_ inputs: [String: Int]) -> Int { Memory.inference(inputs) }
}
