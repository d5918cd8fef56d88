/// Perplexity of a model on a text, in windows (METHODS: evaluation).
///
/// Inputs: `model`, `text`: a plain text.
/// Output: `perplexity.json`.
public struct EvalPerplexity: StageKind {
    public static let name = "eval.perplexity"
    public static let revision = 1
    public static let inputs: [InputDeclaration] = [.required("model"), .required("text")]

    /// Tokens between the starts of two windows.
    public var stride: Int
    /// Tokens of a window.
    public var context: Int

    public init(stride: Int, context: Int) {
        self.stride = stride
        self.context = context
    }

    public func memory(_ inputs: [String: Int]) -> Int { Memory.inference(inputs) }
}
