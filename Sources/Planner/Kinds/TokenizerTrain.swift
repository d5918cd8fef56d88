import Words

/// Trains a byte-level BPE vocabulary on the training rows as prompts and answers.
///
/// Inputs: `data` (of `data.split`).
/// Output: `tokenizer.json`, `tokenizer_config.json`.
package struct TokenizerTrain: StageKind {
    package static let name = "tokenizer.train"
    package static let revision = 1
    package static let inputs: [InputDeclaration] = [.required("data")]

    /// Tokens, the 256 bytes and the special tokens included.
    package var vocabulary: Int
    package var prompt: PromptStyle
    /// What the answers consist of; absent for calls.
    package var answer: AnswerStyle?

    package init(vocabulary: Int, prompt: PromptStyle, answer: AnswerStyle? = nil) {
        self.vocabulary = vocabulary
        self.prompt = prompt
        self.answer = answer
    }
}
