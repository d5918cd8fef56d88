/// Distillation on answers that the student samples itself (Efficient AI in Practice, 4.3).
///
/// Inputs: `model` (the student), `teacher`, `data` (of `data.split`).
/// Output: a model folder and `curve.jsonl`, with the mean length of the student's answers and the share that did not end.
///
/// At every step the student, as it is then, answers its share of the batch's rows; the others keep their own answers. The
/// teacher's 64 largest logits are kept at each position, the others as one bucket (at temperatures other than 1 not at all). An
/// answer that did not end within `tokens` is learned from without an end.
public struct KDOnPolicy: StageKind {
    public static let name = "kd.on-policy"
    public static let revision = 1
    public static let inputs: [InputDeclaration] = [.required("model"), .required("teacher"), .required("data")]

    public var loss: [LossTerm]
    public var temperature: Double
    /// New tokens of a sampled answer at most.
    public var tokens: Int
    /// Share of each batch that the student answers itself.
    public var fraction: Double
    public var samplingTemperature: Double
    public var training: TrainingParameters
    public var prompt: PromptStyle
    public var answer: AnswerStyle

    public init(
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

    public var runsModel: Bool { true }
    public func memory(_ inputs: [String: Int]) -> Int { Memory.trainingOnPolicy(inputs) }
}
