/// The floating-point operations of answering one prompt, a multiplication and an addition counted as two.
///
/// "From Large to Super-Tiny" (arXiv 2504.13471), appendix I; METHODS §4. Biases, norms and softmax are not counted.
public struct InferenceCost: Hashable, Sendable {
    /// Of the prompt tokens that are computed.
    public var prefill: Int
    /// Of the generated tokens.
    public var decode: Int

    public var total: Int { prefill + decode }

    /// - Parameters:
    ///   - promptTokens: tokens of the prompt, those with cached keys and values included.
    ///   - cachedTokens: tokens at the prompt's start whose keys and values are at hand: context, but not computed.
    ///   - generatedTokens: tokens of the answer.
    public init(_ shape: CostShape, promptTokens: Int, generatedTokens: Int, cachedTokens: Int = 0) {
        func operations(computing tokens: Range<Int>) -> Int {
            // A token at position t sees t + 1 tokens, itself included.
            let contexts = tokens.isEmpty ? 0 : tokens.count * (tokens.lowerBound + tokens.upperBound + 1) / 2
            return tokens.count * Self.perToken(shape) + contexts * Self.perContextToken(shape)
        }
        let cached = min(cachedTokens, promptTokens)
        prefill = operations(computing: cached..<promptTokens)
        decode = operations(computing: promptTokens..<promptTokens + generatedTokens)
            + generatedTokens * 2 * shape.hidden * shape.vocabulary
    }

    /// The projections and the feed-forward network of all layers, for one token.
    private static func perToken(_ shape: CostShape) -> Int {
        let h = shape.hidden
        let queries = 2 * h * shape.heads * shape.headSize
        let keys = 2 * h * shape.keyValueHeads * shape.headSize
        return shape.layers * (2 * queries + 2 * keys + 3 * 2 * h * shape.intermediate)
    }

    /// Scores and values of all layers, for one token and one token of its context.
    private static func perContextToken(_ shape: CostShape) -> Int {
        shape.layers * 2 * 2 * shape.heads * shape.headSize
    }
}
