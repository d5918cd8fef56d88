import Words

/// Distillation on answers that the student samples itself (Efficient AI in Practice, 4.3).
///
/// Inputs: `model` (the student), `teacher`, `data` (of `data.split`).
/// Output: a model folder and `curve.jsonl`, with the mean length of the student's answers and the share that did not end.
///
/// At every step the student, as it is then, answers its share of the batch's rows; the others keep their own answers. The
/// teacher's 64 largest logits are kept at each position, the others as one bucket (at temperatures other than 1 not at all). An
/// answer that did not end within `tokens` is learned from without an end.
package struct KDOnPolicy: StageKind {
    package static let name = "kd.on-policy"
    package static let revision = 1
    package static let inputs: [InputDeclaration] = [.required("model"), .required("teacher"), .required("data")]

    package var loss: [LossTerm]
    package var temperature: Double
    /// New tokens of a sampled answer at most.
    package var tokens: Int
    /// Share of each batch that the student answers itself.
    package var fraction: Double
    package var samplingTemperature: Double
    package var training: TrainingParameters
    package var prompt: PromptStyle
    package var answer: AnswerStyle

    package init(
        loss: [LossTerm], temperature: Double, tokens: Int, fraction: Double, samplingTemperature: Double,
        training: TrainingParameters, prompt: PromptStyle, answer: AnswerStyle
    ) {
        self.loss = loss
        self.temperature = temperature
        self.tokens = tokens
        self.fraction = fraction
        self.samplingTemperature = samplingTemperature
        self.training = training
        self.prompt = prompt
        self.answer = answer
    }

    package var runsModel: Bool { true }
    package func memory(_ inputs: [String: Int]) -> Int { Memory.trainingOnPolicy(inputs) }
}
