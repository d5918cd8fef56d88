import CKernels

/// What one forward pass leaves for its backward pass, and the backward pass's own working memory: views into an arena.
struct Activations {
    struct Layer {
        /// Hidden states entering the layer [T, hidden]; normalized; 1/rms per row.
        let input, inputNorm, inputInverse: UnsafeMutablePointer<Float>
        /// Queries, keys and values side by side [T, (heads + 2·kvHeads)·d]; the heads' outputs [T, heads·d]; softmax
        /// statistics [T, heads, 2].
        let projections, attention, statistics: UnsafeMutablePointer<Float>
        /// Hidden states between attention and feed-forward; normalized; 1/rms per row.
        let middle, postNorm, postInverse: UnsafeMutablePointer<Float>
        /// [T, 2·intermediate] and [T, intermediate]
        let gateUp, gated: UnsafeMutablePointer<Float>
    }

    private(set) var layers: [Layer]
    /// Hidden states behind the last layer [T, hidden]; those of the predicted rows [P, hidden]; normalized; 1/rms.
    let output, predicted, predictedNorm, predictedInverse: UnsafeMutablePointer<Float>
    /// [P, vocabulary]; a loss turns them into their own gradient.
    let logits: UnsafeMutablePointer<Float>
    /// Gradients of the hidden states, of their normalized copies, and of the wider intermediate values.
    let dHidden, dNorm, dProjections, dAttention, dGateUp, dGated: UnsafeMutablePointer<Float>
    let attentionScratch: UnsafeMutablePointer<Float>

    init(_ configuration: ModelConfiguration, _ batch: PackedBatch, in arena: Arena) {
        let tokens = batch.tokens.count
        let predictions = batch.predictedRows.count
        let hidden = tokens * configuration.hiddenSize
        let projected = tokens * configuration.projectionSize
        let attention = tokens * configuration.attentionSize
        let statistics = tokens * configuration.headCount * 2
        let intermediate = tokens * configuration.intermediateSize
        let perLayer = [
            hidden, hidden, tokens, projected, attention, statistics, hidden, hidden, tokens, 2 * intermediate, intermediate,
        ]
        let predicted = predictions * configuration.hiddenSize
        let shared = [
            hidden, predicted, predicted, predictions, predictions * configuration.vocabularySize, hidden, hidden, projected,
            max(hidden, attention), 2 * intermediate, intermediate,
            decant_attention_scratch(configuration.attentionShape, batch.longest),
        ]
        let pieces = arena.cut(Array(repeating: perLayer, count: configuration.layerCount).flatMap { $0 } + shared)
        layers = (0..<configuration.layerCount).map { index in
            let p = pieces[(index * perLayer.count)...].prefix(perLayer.count)
            let i = p.startIndex
            return Layer(
                input: p[i], inputNorm: p[i + 1], inputInverse: p[i + 2], projections: p[i + 3], attention: p[i + 4],
                statistics: p[i + 5], middle: p[i + 6], postNorm: p[i + 7], postInverse: p[i + 8], gateUp: p[i + 9],
                gated: p[i + 10])
        }
        let p = pieces.suffix(shared.count)
        let i = p.startIndex
        (output, self.predicted, predictedNorm, predictedInverse) = (p[i], p[i + 1], p[i + 2], p[i + 3])
        (logits, dHidden, dNorm, dProjections) = (p[i + 4], p[i + 5], p[i + 6], p[i + 7])
        (dAttention, dGateUp, dGated, attentionScratch) = (p[i + 8], p[i + 9], p[i + 10], p[i + 11])
    }

    /// For a pass that no backward pass follows: all layers work in the memory of one.
    init(sharing configuration: ModelConfiguration, _ batch: PackedBatch, in arena: Arena) {
        var single = configuration
        single.layerCount = 1
        self.init(single, batch, in: arena)
        layers = Array(repeating: layers[0], count: configuration.layerCount)
    }

    /// The hidden states behind layer `index`.
    func output(ofLayer index: Int) -> UnsafeMutablePointer<Float> {
        index + 1 < layers.count ? layers[index + 1].input : output
    }
}

extension ModelConfiguration {
    /// Width of queries, keys and values side by side.
    var projectionSize: Int { (headCount + 2 * keyValueHeadCount) * headDimension }

    var attentionShape: decant_attention_shape {
        decant_attention_shape(heads: headCount, kv_heads: keyValueHeadCount, dimension: headDimension)
    }
}
