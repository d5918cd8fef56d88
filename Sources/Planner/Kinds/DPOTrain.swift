import Words

/// Direct preference optimization: accepted against rejected answers (METHODS: DPO).
///
/// Inputs: `model` (also the reference policy), `data` (of `data.split`), `judged` (of `judge`).
/// Output: a model folder and `curve.jsonl`, with the mean margin and the share of pairs with one above 0.
///
/// A pair is an accepted and a rejected response to one row: the i-th of each, the shorter list begun again at its end; equal
/// texts count once. Rows without both are passed over. A step takes `batch` pairs.
package struct DPOTrain: StageKind {
    package static let name = "dpo.train"
    package static let revision = 1
    package static let inputs: [InputDeclaration] = [.required("model"), .required("data"), .required("judged")]

    package var beta: Double
    package var training: TrainingParameters
    package var prompt: PromptStyle

    package init(beta: Double, training: TrainingParameters, prompt: PromptStyle) {
        self.beta = beta
        self.training = training
        self.prompt = prompt
    }

    package var runsModel: Bool { true }
    package func memory(_ inputs: [String: Int]) -> Int { Memory.training(inputs) }
}
