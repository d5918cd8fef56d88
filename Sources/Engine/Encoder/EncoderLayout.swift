/// Where every parameter of an encoder lies: embeddings, then layers. Query, key and value are adjacent, so that they are one
/// matrix to multiply by.
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

    /// Offsets of a norm's factors and summands.
    struct Norm: Sendable {
        var weight = 0
        var bias = 0
    }

    /// All parameters in the order in which they lie, under BERT's names without a prefix.
    private(set) var parameters: [Parameter] = []
    private(set) var words = 0
    private(set) var positions = 0
    private(set) var segments = 0
    private(set) var embeddingNorm = Norm()
    private(set) var layers: [Layer] = []

    var count: Int { parameters.last?.range.upperBound ?? 0 }

    init(_ configuration: EncoderConfiguration) {
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
    }

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
