import Words

/// Stores the teacher's k largest logits at every response position, or at every position of the sequence, with the log-sum-exp
/// over the whole vocabulary and the probability of all other tokens.
///
/// Inputs: `teacher` (a model folder), `data` (of `data.split`), optionally `judged` (of `judge`): then its accepted responses
/// are scored; without it the training rows' own answers are, and of passages the whole text.
/// Output: `logits.safetensors`, and the teacher's `tokenizer.json`, which a student's must equal. Tensors, for M positions of
/// all rows back to back:
/// `token_bits` [1]: bits of a token's number where numbers are packed, lowest bits first, every row from a whole byte;
/// `tokens` (packed) and `row_offsets` [rows+1]: prompt and response; `prompt_lengths` [rows]; `position_offsets` [rows+1];
/// `top_tokens` [M, bytes]: k packed tokens by falling logit; `top_differences` U16 [M, k]: by how many 1024ths their logits lie
/// below the largest, at most 65535; `log_sum_exp` F32 [M]: less the largest logit; `log_rest` F32 [M]: ln of the probability of
/// all other tokens. A stored token's probability is off by 1e-3 of it at most, unless it is below e⁻⁶³ of the largest.
package struct KDCapture: StageKind {
    package static let name = "kd.capture"
    package static let revision = 3
    package static let inputs: [InputDeclaration] = [.required("teacher"), .required("data"), .optional("judged")]

    package var k: Int
    package var prompt: PromptStyle
    /// Whether the prompt's positions are stored too; absent for no.
    package var wholeSequence: Bool?
    /// What the rows' own answers are scored as; absent for calls, and where there is an input `judged`.
    package var answer: AnswerStyle?

    package init(k: Int, prompt: PromptStyle, wholeSequence: Bool? = nil, answer: AnswerStyle? = nil) {
        self.k = k
        self.prompt = prompt
        self.wholeSequence = wholeSequence
        self.answer = answer
    }

    package var runsModel: Bool { true }
    package func memory(_ inputs: [String: Int]) -> Int { Memory.inference(inputs) }
}
