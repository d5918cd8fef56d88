/// Where every parameter lies: embedding, layers, final norm, head. Query, key and value projections are adjacent, as are
/// gate and up, so that each group is one matrix to multiply by.
struct DecoderLayout: Sendable {
    /// Offsets of a layer's tensors from the layer's start.
    struct Layer: Sendable {
        var inputNorm = 0
        /// [(heads + 2·kvHeads)·d, hidden]
        var projections = 0
        var bias = 0
        /// [hidden, heads·d]
        var output = 0
        var postNorm = 0
        /// [2·intermediate, hidden]
        var gateUp = 0
        /// [hidden, intermediate]
        var down = 0
        var count = 0
    }

    let configuration: ModelConfiguration
    let layer: Layer
    let embeddingCount: Int
    let finalNorm: Int
    /// The embedding's offset where the two are tied.
    let head: Int
    let count: Int

    init(_ configuration: ModelConfiguration) {
        self.configuration = configuration
        let hidden = configuration.hiddenSize
        let keyValueSize = configuration.keyValueHeadCount * configuration.headDimension
        let projected = configuration.attentionSize + 2 * keyValueSize
        var layer = Layer()
        layer.projections = layer.inputNorm + hidden
        layer.bias = layer.projections + projected * hidden
        layer.output = layer.bias + (configuration.hasAttentionBias ? projected : 0)
        layer.postNorm = layer.output + hidden * configuration.attentionSize
        layer.gateUp = layer.postNorm + hidden
        layer.down = layer.gateUp + 2 * configuration.intermediateSize * hidden
        layer.count = layer.down + hidden * configuration.intermediateSize
        self.layer = layer
        embeddingCount = configuration.vocabularySize * hidden
        finalNorm = embeddingCount + configuration.layerCount * layer.count
        head = configuration.tiesEmbeddings ? 0 : finalNorm + hidden
        count = finalNorm + hidden + (configuration.tiesEmbeddings ? 0 : embeddingCount)
    }

    func start(ofLayer index: Int) -> Int { embeddingCount + index * layer.count }

    /// All parameters in the order in which they lie.
    var parameters: [Parameter] {
        let hidden = configuration.hiddenSize
        let intermediate = configuration.intermediateSize
        let keyValueSize = configuration.keyValueHeadCount * configuration.headDimension
        var list: [Parameter] = []
        func append(_ name: String, _ shape: [Int], _ role: Parameter.Role) {
            list.append(Parameter(name: name, shape: shape, role: role, offset: list.last.map(\.range.upperBound) ?? 0))
        }
        append("model.embed_tokens.weight", [configuration.vocabularySize, hidden], .embedding)
        for index in 0..<configuration.layerCount {
            let prefix = "model.layers.\(index)"
            let projections = [("q_proj", configuration.attentionSize), ("k_proj", keyValueSize), ("v_proj", keyValueSize)]
            append("\(prefix).input_layernorm.weight", [hidden], .norm)
            for (name, size) in projections { append("\(prefix).self_attn.\(name).weight", [size, hidden], .hiddenMatrix) }
            if configuration.hasAttentionBias {
                for (name, size) in projections { append("\(prefix).self_attn.\(name).bias", [size], .bias) }
            }
            append("\(prefix).self_attn.o_proj.weight", [hidden, configuration.attentionSize], .hiddenMatrix)
            append("\(prefix).post_attention_layernorm.weight", [hidden], .norm)
            append("\(prefix).mlp.gate_proj.weight", [intermediate, hidden], .hiddenMatrix)
            append("\(prefix).mlp.up_proj.weight", [intermediate, hidden], .hiddenMatrix)
            append("\(prefix).mlp.down_proj.weight", [hidden, intermediate], .hiddenMatrix)
        }
        append("model.norm.weight", [hidden], .norm)
        if !configuration.tiesEmbeddings { append("lm_head.weight", [configuration.vocabularySize, hidden], .head) }
        return list
    }
}
