/// Trains a byte-level BPE vocabulary on the training rows as prompts and answers.
///
/// Inputs: `data` (of `data.split`).
/// Output: `tokenizer.json`, `tokenizer_config.json`.
public struct TokenizerTrain: StageKind {
    public static let name = "tokenizer.train"
    public static let revision = 1
    public static let inputs: [InputDeclaration] = [.required("data")]

    /// Tokens, the 256 bytes and the special tokens included.
    public var vocabulary: Int
    public var prompt: PromptStyle
    /// What the answers consist of; absent for calls.
    public var answer: AnswerStyle?

    public init(vocabulary: Int, prompt: PromptStyle, answer: AnswerStyle? = nil) {
        self.vocabulary = vocabulary
        self.prompt = prompt
        self.answer = answer
    }
}
