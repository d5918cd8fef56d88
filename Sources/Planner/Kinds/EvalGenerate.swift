import Words

/// Greedy answers to the rows of the evaluation sets.
///
/// Inputs: `model` (float or quantized), `data` (of `data.split`).
/// Output: `<set>.jsonl` per set: row id, response text, prompt and response token counts.
package struct EvalGenerate: StageKind {
    package static let name = "eval.generate"
    package static let revision = 2
    package static let inputs: [InputDeclaration] = [.required("model"), .required("data")]

    /// In the order in which they are reported.
    package var sets: [String]
    package var maxTokens: Int
    package var prompt: PromptStyle
    package var answer: AnswerStyle
    /// Whether answers are held to calls of the candidate functions; absent for no.
    package var constrained: Bool?

    package init(sets: [String], maxTokens: Int, prompt: PromptStyle, answer: AnswerStyle, constrained: Bool? = nil) {
        self.sets = sets
        self.maxTokens = maxTokens
        self.prompt = prompt
        self.answer = answer
        self.constrained = constrained
    }

    package var runsModel: Bool { true }
    package func memory(_ inputs: [String: Int]) -> Int { Memory.inference(inputs) }
}
