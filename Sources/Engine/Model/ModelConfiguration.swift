/// The shape of a decoder-only transformer of the Qwen2 family, with the fields of Hugging Face's `config.json`.
public struct ModelConfiguration: Hashable, Sendable {
    public var vocabularySize: Int
    public var hiddenSize: Int
    public var layerCount: Int
    public var headCount: Int
    /// Divides `headCount`.
    public var keyValueHeadCount: Int
    public var intermediateSize: Int
    /// Longest sequence, in tokens.
    public var maximumPositions: Int
    public var normEpsilon: Double
    public var ropeTheta: Double
    /// Whether the head shares the embedding's weights.
    public var tiesEmbeddings: Bool
    /// Whether the query, key and value projections have a bias (Qwen2: yes, Llama: no).
    public var hasAttentionBias: Bool

    public init(
        vocabularySize: Int, hiddenSize: Int, layerCount: Int, headCount: Int, keyValueHeadCount: Int, intermediateSize: Int,
        maximumPositions: Int = 2048, normEpsilon: Double = 1e-6, ropeTheta: Double = 10_000, tiesEmbeddings: Bool = true,
        hasAttentionBias: Bool = true
    ) throws(ModelConfigurationError) {
        self.vocabularySize = vocabularySize
        self.hiddenSize = hiddenSize
        self.layerCount = layerCount
        self.headCount = headCount
        self.keyValueHeadCount = keyValueHeadCount
        self.intermediateSize = intermediateSize
        self.maximumPositions = maximumPositions
        self.normEpsilon = normEpsilon
        self.ropeTheta = ropeTheta
        self.tiesEmbeddings = tiesEmbeddings
        self.hasAttentionBias = hasAttentionBias
        try check()
    }

    public var headDimension: Int { hiddenSize / headCount }

    private func check() throws(ModelConfigurationError) {
        let sizes = [
            ("vocab_size", vocabularySize), ("hidden_size", hiddenSize), ("num_hidden_layers", layerCount),
            ("num_attention_heads", headCount), ("num_key_value_heads", keyValueHeadCount),
            ("intermediate_size", intermediateSize), ("max_position_embeddings", maximumPositions),
        ]
        for (field, size) in sizes where !(1...(1 << 22)).contains(size) {
            throw ModelConfigurationError(field: field, reason: "must be between 1 and \(1 << 22), not \(size)")
        }
        if hiddenSize % headCount != 0 || headDimension % 2 != 0 {
            throw ModelConfigurationError(
                field: "hidden_size", reason: "\(hiddenSize) does not divide into \(headCount) heads of even size")
        }
        if headCount % keyValueHeadCount != 0 {
            throw ModelConfigurationError(
                field: "num_key_value_heads", reason: "\(keyValueHeadCount) does not divide the \(headCount) heads")
        }
        if !(normEpsilon > 0 && normEpsilon < 1) {
            throw ModelConfigurationError(field: "rms_norm_eps", reason: "must be between 0 and 1, not \(normEpsilon)")
        }
        if !(ropeTheta > 1 && ropeTheta.isFinite) {
            throw ModelConfigurationError(field: "rope_theta", reason: "must be greater than 1, not \(ropeTheta)")
        }
        let layout = DecoderLayout(self)
        if layout.count > 1 << 34 {
            throw ModelConfigurationError(
                field: "hidden_size", reason: "the model would have \(layout.count) parameters, beyond the limit of 2^34")
        }
    }
}

/// A field of a model's configuration that makes no model.
public struct ModelConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
    public var field: String
    public var reason: String

    public var description: String { "config.json, \(field): \(reason)." }
}
