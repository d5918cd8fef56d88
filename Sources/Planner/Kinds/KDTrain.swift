import Words

/// Knowledge distillation from captured logits.
///
/// Inputs: `model` (the student), `logits` (of `kd.capture`), of further teachers on the same sequences `logits.0` …;
/// `data` (of `data.split`) where training looks at a validation set.
/// Output: a model folder and `curve.jsonl`.
package struct KDTrain: StageKind {
    package static let name = "kd.train"
    package static let revision = 3
    package static let inputs: [InputDeclaration] = [
        .required("model"), .optional("data"), .required("logits"), .numbered("logits"),
    ]

    package var loss: [LossTerm]
    package var temperature: Double
    /// Share of the loss that runs over prompt and answer.
    package var promptShare: Double
    /// What becomes of the tokens that the capture did not keep.
    package var tail: LogitsTail
    package var training: TrainingParameters
    /// Each teacher's share of the divergences, in the order of the inputs; absent for one teacher.
    package var teacherWeights: [Double]?

    package init(
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

    package var runsModel: Bool { true }
    package func memory(_ inputs: [String: Int]) -> Int { Memory.training(inputs) }
}
