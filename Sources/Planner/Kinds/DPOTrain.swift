/// Direct preference optimization: accepted against rejected answers (METHODS: DPO).
///
/// Inputs: `model` (also the reference policy), `data` (of `data.split`), `judged` (of `judge`).
/// Output: a model folder and `curve.jsonl`, with the mean margin and the share of pairs with one above 0.
///
/// A pair is an accepted and a rejected response to one row: the i-th of each, the shorter list begun again at its end; equal
/// texts count once. Rows without both are passed over. A step takes `batch` pairs.
public struct DPOTrain: StageKind {
    public static let name = "dpo.train"
    public static let revision = 1
    public static let inputs: [InputDeclaration] = [.required("model"), .required("data"), .required("judged")]

    public var beta: Double
    public var training: TrainingParameters
    public var prompt: PromptStyle

    public init(beta: Double, training: TrainingParameters, prompt: PromptStyle) {
        self.beta = beta
        self.training = training
        self.prompt = prompt
    }

    public var runsModel: Bool { true }
    public func memory(_ inputs: [String: Int]) -> Int { Memory.training(inputs) }
}
