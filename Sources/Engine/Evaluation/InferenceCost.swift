/// The floating-point operations of answering one prompt, a multiplication and an addition counted as two.
///
/// "From Large to Super-Tiny" (arXiv 2504.13471), appendix I; METHODS §4. Biases, norms and softmax are not counted.
package struct InferenceCost: Hashable, Sendable {
    /// Of the prompt tokens that are computed.
    package var prefill: Double
    /// Of the generated tokens.
    package var decode: Double

    package var total: Double { prefill + decode }

    /// Counts are doubles, exact to 2⁵³, so that no shape or length overflows.
    ///
    /// - Parameters:
    ///   - promptTokens: tokens of the prompt, those with cached keys and values included.
    ///   - cachedTokens: tokens at the prompt's start whose keys and values are at hand: context, but not computed.
    ///   - generatedTokens: tokens of the answer.
    package init(_ shape: CostShape, promptTokens: Int, generatedTokens: Int, cachedTokens: Int = 0) {
        let (cached, prompt) = (Double(min(cachedTokens, promptTokens)), Double(promptTokens))
        let generated = Double(generatedTokens)
        prefill = Self.layers(shape, from: cached, to: prompt)
        decode =
            Self.layers(shape, from: prompt, to: prompt + generated)
            + generated * 2 * Double(shape.hidden) * Double(shape.vocabulary)
    }

    /// All layers, for the tokens at positions `start` up to `end`.
    private static func layers(_ shape: CostShape, from start: Double, to end: Double) -> Double {
        let (h, d, i) = (Double(shape.hidden), Double(shape.headSize), Double(shape.intermediate))
        let (a, k) = (Double(shape.heads), Double(shape.keyValueHeads))
        let projections = 2 * (2 * h * (a * d)) + 2 * (2 * h * (k * d))
        let feedForward = 3 * 2 * h * i
        let perContextToken = 2 * 2 * a * d
        // The token at position t sees t + 1 tokens, itself included.
        let tokens = end - start
        let contextTokens = tokens * (start + end + 1) / 2
        return Double(shape.layers) * (tokens * (projections + feedForward) + contextTokens * perContextToken)
    }
}
