/// What a model costs: its parameters, and the floating-point operations of its answers.
package struct ModelCost: Hashable, Sendable {
    /// Parameters of the embedding alone; a tied head adds nothing, an untied one is among the others.
    package let embedding: Int
    package let others: Int
    /// Operations that a token needs in all layers, whatever came before it.
    private let perToken: Double
    /// Operations that a token needs in all layers for each token that it sees.
    private let perContextToken: Double
    /// Of the head, for one token.
    private let perLogits: Double

    package var parameters: Int { embedding + others }

    package init(_ configuration: ModelConfiguration) {
        let layout = DecoderLayout(configuration)
        embedding = layout.embeddingCount
        others = layout.count - embedding
        let maps = [
            layout.attention.projections, layout.attention.output, layout.feedForward.gateUp, layout.feedForward.down,
        ]
        let layers = Double(configuration.layerCount)
        perToken = layers * Double(2 * maps.reduce(0) { $0 + $1.count })
        perContextToken = layers * Double(4 * configuration.attentionSize)
        perLogits = Double(2 * layout.head.count)
    }

    /// The operations of answering one prompt, a multiplication and an addition counted as two.
    ///
    /// "From Large to Super-Tiny" (arXiv 2504.13471), appendix I; METHODS §4. Biases, norms and softmax are not counted. Counts
    /// are doubles, exact to 2⁵³, so that no shape or length overflows.
    ///
    /// - Parameters:
    ///   - promptTokens: tokens of the prompt, those with cached keys and values included.
    ///   - cachedTokens: tokens at the prompt's start whose keys and values are at hand: context, but not computed.
    ///   - generatedTokens: tokens of the answer.
    package func answering(promptTokens: Int, generatedTokens: Int, cachedTokens: Int = 0) -> InferenceCost {
        let (cached, prompt) = (Double(min(cachedTokens, promptTokens)), Double(promptTokens))
        let generated = Double(generatedTokens)
        return InferenceCost(
            prefill: layers(from: cached, to: prompt),
            decode: layers(from: prompt, to: prompt + generated) + generated * perLogits)
    }

    /// All layers, for the tokens at positions `start` up to `end`. The token at position t sees t + 1 tokens, itself included.
    private func layers(from start: Double, to end: Double) -> Double {
        let tokens = end - start
        return tokens * perToken + tokens * (start + end + 1) / 2 * perContextToken
    }
}

/// The floating-point operations of answering one prompt.
package struct InferenceCost: Hashable, Sendable {
    /// Of the prompt tokens that are computed.
    package let prefill: Double
    /// Of the generated tokens.
    package let decode: Double
}
