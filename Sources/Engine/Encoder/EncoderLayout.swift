import CanonicalJSON

/// The shape of a sentence encoder of the BERT family, from the fields of Hugging Face's `config.json`.
package struct EncoderConfiguration: Hashable, Sendable {
    package let vocabularySize: Int
    package let hiddenSize: Int
    package let layerCount: Int
    package let headCount: Int
    package let intermediateSize: Int
    /// Longest sequence, in tokens.
    package let maximumPositions: Int
    /// Number of segment types; a single text has the first.
    package let segmentCount: Int
    package let normEpsilon: Double

    var headDimension: Int { hiddenSize / headCount }

    /// Reads `config.json`.
    /// - Throws: an error that names a field that would change the results and is not supported.
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

/// The offsets of an encoder's parameters: embeddings, then layers, then heads. Query, key and value are adjacent, so that one
/// product computes them.
struct EncoderLayout: Sendable {
    /// Offsets of a layer's tensors.
    struct Layer: Sendable {
        /// [3·D, D]
        var projections = 0
        /// [3·D]
        var projectionBias = 0
        /// [D, D]
        var output = 0
        var outputBias = 0
        var attentionNorm = Norm()
        /// [I, D]
        var intermediate = 0
        var intermediateBias = 0
        /// [D, I]
        var down = 0
        var downBias = 0
        var outputNorm = Norm()
    }

    /// Offsets of a head's weights [labels, D] and biases [labels].
    struct Head: Sendable {
        var weight = 0
        var bias = 0
    }

    /// Offsets of a norm's weights and biases.
    struct Norm: Sendable {
        var weight = 0
        var bias = 0
    }

    /// All parameters in order, under BERT's names without a prefix.
    private(set) var parameters: [Parameter] = []
    private(set) var words = 0
    private(set) var positions = 0
    private(set) var segments = 0
    private(set) var embeddingNorm = Norm()
    private(set) var layers: [Layer] = []
    /// In the order of the encoder's heads.
    private(set) var heads: [Head] = []

    var count: Int { parameters.last?.range.upperBound ?? 0 }

    init(_ configuration: EncoderConfiguration, heads wanted: [EncoderHead] = []) {
        let (hidden, intermediate) = (configuration.hiddenSize, configuration.intermediateSize)
        words = append("embeddings.word_embeddings.weight", [configuration.vocabularySize, hidden], .embedding)
        positions = append("embeddings.position_embeddings.weight", [configuration.maximumPositions, hidden], .embedding)
        segments = append("embeddings.token_type_embeddings.weight", [configuration.segmentCount, hidden], .embedding)
        embeddingNorm = appendNorm("embeddings.LayerNorm", hidden)
        for index in 0..<configuration.layerCount {
            let (prefix, projections) = ("encoder.layer.\(index)", ["query", "key", "value"])
            var layer = Layer()
            layer.projections = count
            for name in projections { append("\(prefix).attention.self.\(name).weight", [hidden, hidden], .hiddenMatrix) }
            layer.projectionBias = count
            for name in projections { append("\(prefix).attention.self.\(name).bias", [hidden], .bias) }
            (layer.output, layer.outputBias) = appendLinear("\(prefix).attention.output.dense", [hidden, hidden])
            layer.attentionNorm = appendNorm("\(prefix).attention.output.LayerNorm", hidden)
            (layer.intermediate, layer.intermediateBias) = appendLinear("\(prefix).intermediate.dense", [intermediate, hidden])
            (layer.down, layer.downBias) = appendLinear("\(prefix).output.dense", [hidden, intermediate])
            layer.outputNorm = appendNorm("\(prefix).output.LayerNorm", hidden)
            layers.append(layer)
        }
        for head in wanted {
            let shape = [head.labels.count, hidden]
            let (weight, bias) = (
                append("\(Self.headPrefix)\(head.name).weight", shape, .head),
                append("\(Self.headPrefix)\(head.name).bias", [shape[0]], .bias)
            )
            heads.append(Head(weight: weight, bias: bias))
        }
    }

    /// Names of heads' tensors begin with it.
    static let headPrefix = "heads."

    /// - Returns: the parameter's offset.
    @discardableResult
    private mutating func append(_ name: String, _ shape: [Int], _ role: Parameter.Role) -> Int {
        let parameter = Parameter(name: name, shape: shape, role: role, offset: count)
        parameters.append(parameter)
        return parameter.offset
    }

    private mutating func appendLinear(_ name: String, _ shape: [Int]) -> (weight: Int, bias: Int) {
        (append("\(name).weight", shape, .hiddenMatrix), append("\(name).bias", [shape[0]], .bias))
    }

    private mutating func appendNorm(_ name: String, _ size: Int) -> Norm {
        Norm(weight: append("\(name).weight", [size], .norm), bias: append("\(name).bias", [size], .norm))
    }
}
