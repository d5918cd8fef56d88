import Declarations
import Words

package enum TrainingKinds {
    static let kinds: [any StageKind.Type] = [TrainSFT.self, RLTrain.self, DPOTrain.self]
}

/// A kind that trains a model.
///
/// An input `state` is the output of a stage of the same kind, model and rows that was a trunk: what a training is after its
/// first steps. The stage goes on from there, and has the bytes of one that did all steps itself.
package protocol TrainingKind: StageKind {
    var training: TrainingParameters { get set }
}

extension TrainingKind {
    package var runsModel: Bool { true }
    package func memory(_ inputs: [String: Int]) -> Int { Memory.training(inputs) }
    package func operations(_ workload: Workload) -> Double? { workload.training(training) }
}

/// Supervised fine-tuning: cross entropy on (prompt, answer).
///
/// Inputs: `model` (a model folder), `data` (of `data.split`), optionally `judged` (of `judge`): then its accepted
/// responses are the targets, which makes it RFT; without it the rows' own answers are.
/// Output: a model folder and `curve.jsonl` (step, loss, learning rate, gradient norm).
package struct TrainSFT: TrainingKind {
    package static let declaration = KindDeclaration(
        "train.sft", revision: 2,
        inputs: [.required("model"), .required("data"), .optional("judged"), .optional("state")],
        output: "a model folder, `curve.jsonl`")

    package var training = TrainingParameters()
    @Spanned package var prompt = PromptStyle.query
    /// What the rows' own answers are taught as. With reasoning, one made from the row by rule goes before them.
    @Spanned package var answer = AnswerStyle.call
    @Spanned package var promptShare = 0.0
    @Spanned package var tokenDropout = 0.0

    package static let standard = Self()
    package static let parameters: [Parameter<Self>] = [
        .init(\.$promptShare, .promptShare, at: "prompt", key: .unlessStandard),
        .init(\.$tokenDropout, .tokenDropout, key: .unlessStandard),
        .init(\.training, "training", "How the stage walks down its loss."),
        .init(\.$prompt, .prompt, at: .elsewhere),
        .init(\.$answer, .answer, at: .elsewhere, key: .unlessStandard),
    ]
    package static let otherStandards = [TrainSFT(training: .init(steps: 600, seed: 1))]
}

/// Direct preference optimization: accepted against rejected answers (METHODS: DPO).
///
/// Inputs: `model` (also the reference policy), `data` (of `data.split`), `judged` (of `judge`).
/// Output: a model folder and `curve.jsonl`, with the mean margin and the share of pairs with one above 0.
///
/// A pair is an accepted and a rejected response to one row: the i-th of each, the shorter list begun again at its end; equal
/// texts count once. Rows without both are passed over. A step takes `batch` pairs.
package struct DPOTrain: TrainingKind {
    package static let declaration = KindDeclaration(
        "dpo.train", revision: 1,
        inputs: [.required("model"), .required("data"), .required("judged"), .optional("state")],
        output: "a model folder, `curve.jsonl`")

    @Spanned package var beta = 0.1
    package var training = TrainingParameters(steps: 100, learningRate: 5e-5)
    @Spanned package var prompt = PromptStyle.query

    package static let standard = Self()
    package static let parameters: [Parameter<Self>] = [
        .init(\.$beta, .number("beta", in: 0.001...10, "β: how strongly the reference policy holds (DPO).")),
        .init(\.training, "training", "How the stage walks down its loss."),
        .init(\.$prompt, .prompt, at: .elsewhere),
    ]

    package func operations(_ workload: Workload) -> Double? { workload.training(training).map { 2 * $0 } }
}

extension Field where Value == Double {
    static var promptShare: Field { .share("prompt_share", in: 0...1, "Share of the loss that runs over prompt and answer.") }
    static var tokenDropout: Field {
        .share("token_dropout", in: 0...0.9, "Share of the prompts' tokens that each step leaves out, at random.")
    }
}

extension Field where Value == Int {
    /// Of answers that are sampled while a model is trained.
    static var sampledTokens: Field {
        .integer(
            "tokens", in: 1...4096, spelled: "`64`; `192` with reasoning", "New tokens of a sampled answer at most (oKD, RL).")
    }
}
