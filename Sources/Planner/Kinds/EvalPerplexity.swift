/// Perplexity of a model on a text, in windows (METHODS: evaluation).
///
/// A window starts every `stride` tokens; of all but the first, only the tokens that no window before it held are counted.
///
/// Inputs: `model` (float or quantized), `text`: one plain text, UTF-8.
/// Output: `perplexity.json`: `perplexity`, `loss` (mean negative log-likelihood in nats), counts of tokens and windows.
package struct EvalPerplexity: StageKind {
    package static let name = "eval.perplexity"
    package static let revision = 1
    package static let inputs: [InputDeclaration] = [.required("model"), .required("text")]

    /// Tokens between the starts of two windows.
    package var stride: Int
    /// Tokens of a window.
    package var context: Int
    /// Tokens of the text that are read at most, from its beginning; `nil` for all.
    package var tokens: Int?

    package init(stride: Int, context: Int, tokens: Int? = nil) {
        self.stride = stride
        self.context = context
        self.tokens = tokens
    }

    package var runsModel: Bool { true }
    package func memory(_ inputs: [String: Int]) -> Int { Memory.inference(inputs) }
}
