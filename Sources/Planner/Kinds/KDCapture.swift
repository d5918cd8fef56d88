/// Stores the teacher's k largest logits at every response position, with the log-sum-exp over the whole vocabulary.
///
/// Inputs: `teacher` (a model folder), `data` (of `data.split`), `judged` (of `judge`): the responses to score.
/// Output: `logits.safetensors`: `tokens` [N] and `row_offsets` [rows+1] (prompt and response, rows back to back),
/// `prompt_lengths` [rows], `position_offsets` [rows+1], `top_tokens` [M, k], `top_logits` [M, k], `log_sum_exp` [M]
/// (M response positions); and the teacher's `tokenizer.json`, which a student's must equal.
public struct KDCapture: StageKind {
    public static let name = "kd.capture"
    public static let revision = 2
    public static let inputs: [InputDeclaration] = [.required("teacher"), .required("data"), .required("judged")]

    public var k: Int
    public var prompt: PromptStyle

    public init(k: Int, prompt: PromptStyle) {
        self.k = k
        self.prompt = prompt
    }

    public var runsModel: Bool { true }
    public func memory(_ inputs: [String: Int]) -> Int { Memory.inference(inputs) }
}
