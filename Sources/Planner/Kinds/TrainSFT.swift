import Words

/// Supervised fine-tuning: cross entropy on (prompt, answer).
///
/// Inputs: `model` (a model folder), `data` (of `data.split`), optionally `judged` (of `judge`): then its accepted
/// responses are the targets, which makes it RFT; without it the rows' own answers are.
/// Output: a model folder and `curve.jsonl` (step, loss, learning rate, gradient norm).
package struct TrainSFT: StageKind {
    package static let name = "train.sft"
    package static let revision = 2
    package static let inputs: [InputDeclaration] = [.required("model"), .required("data"), .optional("judged")]

    package var training: TrainingParameters
    package var prompt: PromptStyle
    /// What the rows' own answers are taught as; absent for calls. With reasoning, one made from the row by rule goes before
    /// them.
    package var answer: AnswerStyle?

    package init(training: TrainingParameters, prompt: PromptStyle, answer: AnswerStyle? = nil) {
        self.training = training
        self.prompt = prompt
        self.answer = answer
    }

    package var runsModel: Bool { true }
    package func memory(_ inputs: [String: Int]) -> Int { Memory.training(inputs) }
}
