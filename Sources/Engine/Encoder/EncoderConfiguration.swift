import CanonicalJSON

/// The shape of a sentence encoder of the BERT family, with the fields of Hugging Face's `config.json`.
package struct EncoderConfiguration: Hashable, Sendable {
    package let vocabularySize: Int
    package let hiddenSize: Int
    package let layerCount: Int
    package let headCount: Int
    package let intermediateSize: Int
    /// Longest sequence, in tokens.
    package let maximumPositions: Int
    /// Kinds of segments; a single text is of the first.
    package let segmentCount: Int
    package let normEpsilon: Double

    var headDimension: Int { hiddenSize / headCount }

    /// Reads `config.json`; what would change the results and is not computed here is refused by name.
    package init(json: JSON) throws(ModelConfigurationError) {
        let fields = ConfigurationFields(json)
        try Self.check(json, "model_type", is: "bert", needed: true)
        try Self.check(json, "hidden_act", is: "gelu", needed: false)
        try Self.check(json, "position_embedding_type", is: "absolute", needed: false)
        if json["is_decoder"]?.bool == true { throw ModelConfigurationError(field: "is_decoder", reason: "is not supported") }
        vocabularySize = try Self.size("vocab_size", of: fields, atMost: 1 << 22)
        hiddenSize = try Self.size("hidden_size", of: fields, atMost: 1 << 14)
        layerCount = try Self.size("num_hidden_layers", of: fields, atMost: 1 << 10)
        headCount = try Self.size("num_attention_heads", of: fields, atMost: 1 << 10)
        intermediateSize = try Self.size("intermediate_size", of: fields, atMost: 1 << 16)
        maximumPositions = try Self.size("max_position_embeddings", of: fields, atMost: 1 << 16)
        segmentCount = try Self.size("type_vocab_size", of: fields, atMost: 1 << 10, default: 2)
        normEpsilon = try fields.number("layer_norm_eps", default: 1e-12)
        guard hiddenSize.isMultiple(of: headCount) else {
            throw ModelConfigurationError(
                field: "num_attention_heads", reason: "\(headCount) does not divide the hidden size \(hiddenSize)")
        }
        guard normEpsilon > 0, normEpsilon < 1 else {
            throw ModelConfigurationError(field: "layer_norm_eps", reason: "must be between 0 and 1, not \(normEpsilon)")
        }
    }

    private static func check(
        _ json: JSON, _ field: String, is wanted: String, needed: Bool
    ) throws(ModelConfigurationError) {
        let value = json[field] ?? .null
        if value == .null, !needed { return }
        guard value.string == wanted else {
            throw ModelConfigurationError(field: field, reason: "must be \(wanted), not \(value.canonicalText)")
        }
    }

    private static func size(
        _ field: String, of fields: ConfigurationFields, atMost limit: Int, default fallback: Int? = nil
    ) throws(ModelConfigurationError) -> Int {
        let size = try fields.integer(field, default: fallback)
        guard (1...limit).contains(size) else {
            throw ModelConfigurationError(field: field, reason: "must be between 1 and \(limit), not \(size)")
        }
        return size
    }
}
