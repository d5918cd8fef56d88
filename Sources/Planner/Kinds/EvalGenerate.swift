/// Greedy answers to the rows of the evaluation sets.
///
/// Inputs: `model` (float or quantized), `data` (of `data.split`).
/// Output: `<set>.jsonl` per set: row id, response text, prompt and response token counts.
public struct EvalGenerate: StageKind {
    public static let name = "eval.generate"
    public static let revision = 1

    /// In the order in which they are reported.
    public var sets: [String]
    public var maxTokens: Int
    public var prompt: PromptStyle

    public init(sets: [String], maxTokens: Int, prompt: PromptStyle) {
        self.sets = sets
        self.maxTokens = maxTokens
        self.prompt = prompt
    }
}
