/// Knowledge distillation from captured logits.
///
/// Inputs: `model` (the student), `logits` (of `kd.capture`).
/// Output: a model folder and `curve.jsonl`.
public struct KDTrain: StageKind {
    public static let name = "kd.train"
    public static let revision = 1

    public var loss: [LossTerm]
    public var temperature: Double
    public var training: TrainingParameters

    public init(loss: [LossTerm], temperature: Double, training: TrainingParameters) {
        self.loss = loss
        self.temperature = temperature
        self.training = training
    }
}
