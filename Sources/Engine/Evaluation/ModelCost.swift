/// What a model costs: its parameters, and the floating-point operations of its answers.
package struct ModelCost: Hashable, Sendable {
    /// Parameters of the embedding alone; a tied head adds nothing, an untied one is among the others.
    package let embedding: Int
    package let others: Int
    /// Operations that a token needs in all layers, whatever came before it.
    private let perToken: Double
    /// Operations that a token needs in a layer for each token that it sees.
    private let perContextToken: Double
    /// Layers whose tokens see all before them, and those whose tokens see a window.
    private let fullLayers, slidingLayers: Double
    private let window: Double
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
        perContextToken = Double(4 * configuration.attentionSize)
        slidingLayers = Double(configuration.layerAttentions.count { $0.slides })
        fullLayers = layers - slidingLayers
        window = Double(configuration.window ?? 0)
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

    /// All layers, for the tokens at positions `start` up to `end`.
    private func layers(from start: Double, to end: Double) -> Double {
        let (first, last) = (min(start, window), min(end, window))
        let inWindows = Self.context(from: first, to: last) + (end - start - (last - first)) * window
        let context = fullLayers * Self.context(from: start, to: end) + slidingLayers * inWindows
        return (end - start) * perToken + context * perContextToken
    }

    /// The tokens that those at positions `start` up to `end` see together: the one at position t sees t + 1, itself included.
    private static func context(from start: Double, to end: Double) -> Double { (end - start) * (start + end + 1) / 2 }
}

/// The floating-point operations of answering one prompt.
package struct InferenceCost: Hashable, Sendable {
    /// Of the prompt tokens that are computed.
    package let prefill: Double
    /// Of the generated tokens.
    package let decode: Double
}
