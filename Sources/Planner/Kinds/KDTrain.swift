/// Knowledge distillation from captured logits.
///
/// Inputs: `model` (the student), `logits` (of `kd.capture`), of further teachers on the same sequences `logits.0` …;
/// `data` (of `data.split`) where training looks at a validation set.
/// Output: a model folder and `curve.jsonl`.
public struct KDTrain: StageKind {
    public static let name = "kd.train"
    public static let revision = 3
    public static let inputs: [InputDeclaration] = [
        .required("model"), .optional("data"), .required("logits"), .numbered("logits"),
    ]

    public var loss: [LossTerm]
    public var temperature: Double
    /// Share of the loss that runs over prompt and answer.
    public var promptShare: Double
    /// What becomes of the tokens that the capture did not keep.
    public var tail: LogitsTail
    public var training: TrainingParameters
    /// Each teacher's share of the divergences, in the order of the inputs; absent for one teacher.
    public var teacherWeights: [Double]?

    public init(
        loss: [LossTerm], temperature: Double, promptShare: Double, tail: LogitsTail, training: TrainingParameters,
        teacherWeights: [Double]? = nil
    ) {
        self.loss = loss
        self.temperature = temperature
        self.promptShare = promptShare
        self.tail = tail
        self.training = training
        self.teacherWeights = teacherWeights
    }

    public var runsModel: Bool { true }
    public func memory(_ inputs: [String: Int]) -> Int { Memory.training(inputs) }
}
