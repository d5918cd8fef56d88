import CKernels

/// What a layer's attention has of its own.
package struct LayerAttention: Hashable, Sendable {
    /// Whether a query sees only the last tokens, as many as the model's window has.
    package var slides: Bool
    /// Whether the rotary embedding turns queries and keys.
    package var turns: Bool

    package init(slides: Bool = false, turns: Bool = true) { (self.slides, self.turns) = (slides, turns) }
}

extension ModelConfiguration {
    func attention(ofLayer index: Int) -> LayerAttention {
        layerAttentions.isEmpty ? LayerAttention() : layerAttentions[index]
    }

    /// The tokens that a query of a layer sees, its own included; `nil` for all before it.
    func window(ofLayer index: Int) -> Int? { attention(ofLayer: index).slides ? window : nil }

    /// Whether a layer has the rotary embedding of layers with a window.
    func turnsLocally(_ index: Int) -> Bool { localRopeTheta != nil && attention(ofLayer: index).slides }

    func attentionShape(ofLayer index: Int) -> decant_attention_shape {
        decant_attention_shape(
            heads: headCount, kv_heads: keyValueHeadCount, dimension: headDimension, window: window(ofLayer: index) ?? .max,
            scale: 1 / Float(queryScalar ?? Double(headDimension)).squareRoot())
    }

    /// Takes what each layer has of its own; nothing is kept where all layers are plain.
    mutating func setAttentions(_ attentions: [LayerAttention], window: Int?) {
        layerAttentions = attentions.allSatisfy { $0 == LayerAttention() } ? [] : attentions
        self.window = layerAttentions.contains(where: \.slides) ? window : nil
    }

    /// The configuration of a model with these layers alone.
    func keeping(layers: [Int]) -> ModelConfiguration {
        var smaller = self
        smaller.layerCount = layers.count
        smaller.setAttentions(layers.map(attention), window: window)
        return smaller
    }
}
