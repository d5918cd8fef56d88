/// A decoder-only transformer's family and shape, with the fields of Hugging Face's `config.json`.
package struct ModelConfiguration: Hashable, Sendable {
    package var family: ModelFamily
    /// Rows of the embedding.
    package var vocabularySize: Int
    /// The tokenizer's tokens, where losses and answers are over these alone; `nil` where they are over all rows. In no file.
    package internal(set) var knownTokens: Int?
    package var hiddenSize: Int
    package var layerCount: Int
    package var headCount: Int
    /// Divides `headCount`.
    package var keyValueHeadCount: Int
    /// Channels of a head; `headCount` times as many are the attention's width, which need not be `hiddenSize`.
    package var headDimension: Int
    package var intermediateSize: Int
    /// Longest sequence, in tokens.
    package var maximumPositions: Int
    package var normEpsilon: Double
    package var ropeTheta: Double
    /// `nil` without scaling: every pair turns as fast as `ropeTheta` says.
    package var ropeScaling: RotaryScaling?
    /// Channels at the start of a head that the rotary embedding turns; `nil` for all.
    package var rotaryDimension: Int?
    /// Of the layers with a window, without scaling; `nil` where all layers turn alike.
    package var localRopeTheta: Double?
    /// The number whose root divides the scores; `nil` is `headDimension`.
    package var queryScalar: Double?
    /// The tokens that a query of a sliding layer sees, its own included; `nil` where no layer slides.
    package internal(set) var window: Int?
    /// By layer; empty where all are plain.
    package internal(set) var layerAttentions: [LayerAttention] = []
    /// Whether the head shares the embedding's weights.
    package var tiesEmbeddings: Bool
    /// Token ids for other programs. The model itself does not use them.
    package var controlTokens = ControlTokens()
    /// The published type of the weights, which other programs load.
    package var precision = WeightPrecision.float32

    /// - Parameter headDimension: `hiddenSize` over `headCount` where it is `nil`.
    package init(
        vocabularySize: Int, hiddenSize: Int, layerCount: Int, headCount: Int, keyValueHeadCount: Int, intermediateSize: Int,
        maximumPositions: Int = 2048, normEpsilon: Double = 1e-6, ropeTheta: Double = 10_000, tiesEmbeddings: Bool = true,
        family: ModelFamily = .qwen2, headDimension: Int? = nil, ropeScaling: RotaryScaling? = nil
    ) throws(ModelConfigurationError) {
        (self.family, self.vocabularySize, self.hiddenSize) = (family, vocabularySize, hiddenSize)
        (self.layerCount, self.headCount, self.keyValueHeadCount) = (layerCount, headCount, keyValueHeadCount)
        self.headDimension = headDimension ?? hiddenSize / max(headCount, 1)
        (self.intermediateSize, self.maximumPositions, self.normEpsilon) = (intermediateSize, maximumPositions, normEpsilon)
        (self.ropeTheta, self.ropeScaling, self.tiesEmbeddings) = (ropeTheta, ropeScaling, tiesEmbeddings)
        localRopeTheta = family.defaults.localRopeTheta
        if headDimension == nil, headCount > 0,
            !hiddenSize.isMultiple(of: headCount) || !(hiddenSize / headCount).isMultiple(of: 2)
        {
            throw ModelConfigurationError(
                field: "hidden_size", reason: "\(hiddenSize) does not divide into \(headCount) heads of even size")
        }
        try check()
    }

    /// The tokens that losses and answers are over, from 0 on. Rows beyond them are padding.
    package var tokenCount: Int { min(knownTokens ?? vocabularySize, vocabularySize) }
    /// Width of all query heads side by side.
    var attentionSize: Int { headCount * headDimension }
    /// Width of all key heads side by side, and of all value heads.
    var keyValueSize: Int { keyValueHeadCount * headDimension }
    /// Width of queries, keys and values side by side.
    var projectionSize: Int { attentionSize + 2 * keyValueSize }
    /// Channels of a head that the rotary embedding turns.
    var turnedChannels: Int { rotaryDimension ?? headDimension }
    /// Heads of queries and keys, which the rotary embedding turns.
    var rotatedHeadCount: Int { headCount + keyValueHeadCount }
    /// What rows of the embedding are multiplied by.
    var embeddingScale: Float { family.scalesEmbedding ? Float(Double(hiddenSize).squareRoot()) : 1 }

    func check() throws(ModelConfigurationError) {
        // With these bounds no product below overflows. Real models are far smaller.
        let sizes = [
            ("vocab_size", vocabularySize, 1 << 22), ("hidden_size", hiddenSize, 1 << 18),
            ("num_hidden_layers", layerCount, 1 << 12), ("num_attention_heads", headCount, 1 << 12),
            ("num_key_value_heads", keyValueHeadCount, 1 << 12), ("head_dim", headDimension, 1 << 12),
            ("intermediate_size", intermediateSize, 1 << 20), ("max_position_embeddings", maximumPositions, 1 << 22),
        ]
        for (field, size, limit) in sizes where !(1...limit).contains(size) {
            throw ModelConfigurationError(field: field, reason: "must be between 1 and \(limit), not \(size)")
        }
        if !headDimension.isMultiple(of: 2) {
            throw ModelConfigurationError(field: "head_dim", reason: "must be even, not \(headDimension)")
        }
        if !(2...headDimension).contains(turnedChannels) || !turnedChannels.isMultiple(of: 2) {
            throw ModelConfigurationError(
                field: "partial_rotary_factor", reason: "turns \(turnedChannels) of \(headDimension) channels of a head")
        }
        if headCount % keyValueHeadCount != 0 {
            throw ModelConfigurationError(
                field: "num_key_value_heads", reason: "\(keyValueHeadCount) does not divide the \(headCount) heads")
        }
        if !(normEpsilon > 0 && normEpsilon < 1) {
            throw ModelConfigurationError(field: "rms_norm_eps", reason: "must be between 0 and 1, not \(normEpsilon)")
        }
        for (field, theta) in [("rope_theta", ropeTheta), ("rope_local_base_freq", localRopeTheta ?? ropeTheta)]
        where !(theta > 1 && theta.isFinite) {
            throw ModelConfigurationError(field: field, reason: "must be greater than 1, not \(theta)")
        }
        if let queryScalar, !(queryScalar > 0 && queryScalar.isFinite) {
            throw ModelConfigurationError(field: "query_pre_attn_scalar", reason: "must be above 0, not \(queryScalar)")
        }
        let layout = DecoderLayout(self)
        if layout.count > 1 << 34 {
            throw ModelConfigurationError(
                field: "hidden_size", reason: "the model would have \(layout.count) parameters, beyond the limit of 2^34")
        }
    }
}

/// Tokens with a role in a model's files.
package struct ControlTokens: Hashable, Sendable {
    package var begin: Int?
    /// Any of them ends a response.
    package var end: [Int]
    package var padding: Int?

    package init(begin: Int? = nil, end: [Int] = [], padding: Int? = nil) {
        (self.begin, self.end, self.padding) = (begin, end, padding)
    }
}

/// The types that models of these families are published in, under PyTorch's names.
package enum WeightPrecision: String, Hashable, Sendable {
    case float32
    case float16
    case bfloat16
}

/// A field of a model's configuration that makes no model.
package struct ModelConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
    package var field: String
    package var reason: String

    package var description: String { "config.json, \(field): \(reason)." }
}
