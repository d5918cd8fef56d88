import Declarations
import Words

/// Knowledge distillation from a teacher that reads the rows of a step when the step needs them: `kd.capture` and `kd.train` in
/// one, with the same bytes.
///
/// Inputs: `model` (the student), `teacher` of the same tokens, `data` (of `data.split`), optionally `judged` (of `judge`): then
/// its accepted responses are learned; without it the training rows' own answers are.
/// Output: a model folder and `curve.jsonl`.
///
/// The teacher's logits are kept to the precision that `kd.capture` stores, and in memory where a row comes again.
package struct KDDirect: TrainingKind {
    package static let declaration = KindDeclaration(
        "kd.direct", revision: 1,
        inputs: [
            .required("model"), .required("teacher"), .required("data"), .optional("judged"), .optional("state"),
        ],
        output: "a model folder, `curve.jsonl`")

    @Spanned package var loss = [LossTerm(.forwardKL)]
    @Spanned package var temperature = 1.0
    @Spanned package var k = 16
    @Spanned package var promptShare = 0.0
    @Spanned package var tokenDropout = 0.0
    @Spanned package var tail = LogitsTail.lump
    package var training = TrainingParameters()
    @Spanned package var prompt = PromptStyle.query
    /// What the rows' own answers are learned as; calls where there is an input `judged`.
    @Spanned package var answer = AnswerStyle.call

    package static let standard = Self()
    package static let parameters: [Parameter<Self>] = [
        .init(\.$loss, .mixture, at: .elsewhere),
        .init(\.$temperature, .distillationTemperature),
        .init(\.$k, .keptLogits, at: "top_k"),
        .init(\.$promptShare, .promptShare, at: "prompt"),
        .init(\.$tokenDropout, .tokenDropout),
        .init(\.$tail, .tail),
        .init(\.training, "training", "How the stage walks down its loss."),
        .init(\.$prompt, .prompt, at: .elsewhere),
        .init(\.$answer, .answer, at: .elsewhere, key: .unlessStandard),
    ]
    package static let otherStandards = [KDDirect(training: .init(steps: 150))]

    package func memory(_ inputs: [String: Int]) -> Int { Memory.trainingBesideTeacher(inputs) }
    package func operations(_ workload: Workload) -> Double? { workload.training(training).map { 2 * $0 } }

    package mutating func settle() {
        settleParameters()
        $tail = $tail.or($temperature) { $0 == 1 ? .lump : .renormalize }
    }
}

extension KDDirect {
    /// What a capture and a training on it do.
    package init(_ capture: KDCapture, _ train: KDTrain) {
        self = .standard
        ($loss, $temperature, $k) = (train.$loss, train.$temperature, capture.$k)
        ($promptShare, $tokenDropout, $tail) = (train.$promptShare, train.$tokenDropout, train.$tail)
        training = train.training
    }
}
