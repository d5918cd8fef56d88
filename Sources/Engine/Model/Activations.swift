import CKernels

/// What one forward pass leaves for its backward pass, and the working memory of both: views into an arena.
struct Activations {
    /// What is kept of a layer after its own pass.
    enum Retention: Hashable {
        /// Nothing: all layers work in the same memory.
        case nothing
        /// The hidden states that enter it. A backward pass computes the rest again, bit for bit.
        case inputs
        /// All that its backward pass reads.
        case everything
    }

    struct Layer {
        /// Hidden states entering the layer [T, D]; 1/rms per row.
        let input, inputInverse: UnsafeMutablePointer<Float>
        /// Queries, keys and values side by side [T, (heads + 2·kvHeads)·d]; the heads' outputs [T, heads·d]; softmax
        /// statistics [T, heads, 2].
        let projections, attention, statistics: UnsafeMutablePointer<Float>
        /// With norms of queries and keys: 1/rms of each; queries and keys before the norms, for a backward pass.
        let headInverses: UnsafeMutablePointer<Float>
        let headInputs: UnsafeMutablePointer<Float>?
        /// Hidden states between attention and feed-forward [T, D]; 1/rms per row.
        let middle, postInverse: UnsafeMutablePointer<Float>
        /// [T, 2·I]; a backward pass turns it into its own gradient.
        let gateUp: UnsafeMutablePointer<Float>
        /// Where what a block adds is normalized.
        let attentionBranch, feedForwardBranch: Branch
    }

    let retention: Retention
    let layers: [Layer]
    /// Hidden states behind the last layer [T, D]; those of the predicted rows [P, D]; normalized; 1/rms.
    let output, predicted, predictedNorm, predictedInverse: UnsafeMutablePointer<Float>
    /// [logitRows, V]; a loss turns them into their own gradient.
    let logits: UnsafeMutablePointer<Float>
    /// Predicted rows whose logits exist at a time.
    let logitRows: Int
    /// Of the layer at work: normalized hidden states [T, D]; silu(gate)·up, or its gradient [T, I].
    let norm, gated: UnsafeMutablePointer<Float>
    /// Gradients of the hidden states, of their normalized copies, and of the wider intermediate values.
    let dHidden, dNorm, dProjections, dAttention: UnsafeMutablePointer<Float>
    /// Sums over each block of rows, [blocks, widest vector of weights].
    let partialSums: UnsafeMutablePointer<Float>

    init(
        _ configuration: ModelConfiguration, _ batch: PackedBatch, keeping retention: Retention, logitRows: Int, in arena: Arena
    ) {
        self.retention = retention
        self.logitRows = min(logitRows, batch.predictedRows.count)
        let tokens = batch.tokens.count
        let predicted = batch.predictedRows.count * configuration.hiddenSize
        let hidden = tokens * configuration.hiddenSize
        let projected = tokens * configuration.projectionSize
        let attended = tokens * configuration.attentionSize
        let intermediate = tokens * configuration.intermediateSize
        let inputs = retention == .nothing ? 1 : configuration.layerCount
        let rest = retention == .everything ? configuration.layerCount : 1
        let (attention, feedForward) = (configuration.family.attention, configuration.family.feedForward)
        let branches = [attention.outputNorm, feedForward.outputNorm].flatMap { $0 == nil ? [0, 0] : [hidden, tokens] }
        let perLayer =
            [
                tokens, projected, attended, tokens * configuration.headCount * 2, hidden, tokens, 2 * intermediate,
                tokens * configuration.headNormCount, retention == .nothing ? 0 : tokens * configuration.headNormInputs,
            ] + branches
        let blocks = (tokens + Decoder.rowBlock - 1) / Decoder.rowBlock
        let shared = [
            hidden, predicted, predicted, batch.predictedRows.count, self.logitRows * configuration.vocabularySize, hidden,
            intermediate,
        ]
        let backward = [
            hidden, max(hidden, predicted), projected, max(attended, predicted),
            blocks * max(configuration.projectionSize, configuration.hiddenSize),
        ]
        var pieces = arena.cut(
            Array(repeating: hidden, count: inputs) + Array(repeating: perLayer, count: rest).flatMap { $0 } + shared
                + (retention == .nothing ? backward.map { _ in 0 } : backward))[...]
        let inputPieces = pieces.prefix(inputs)
        pieces = pieces.dropFirst(inputs)
        let layerPieces = pieces
        layers = (0..<configuration.layerCount).map { index in
            let input = inputPieces[min(index, inputs - 1)]
            let p = layerPieces.dropFirst(min(index, rest - 1) * perLayer.count)
            let i = p.startIndex
            return Layer(
                input: input, inputInverse: p[i], projections: p[i + 1], attention: p[i + 2], statistics: p[i + 3],
                headInverses: p[i + 7], headInputs: retention == .nothing ? nil : p[i + 8], middle: p[i + 4],
                postInverse: p[i + 5], gateUp: p[i + 6], attentionBranch: Branch(values: p[i + 9], inverse: p[i + 10]),
                feedForwardBranch: Branch(values: p[i + 11], inverse: p[i + 12]))
        }
        let p = pieces.dropFirst(rest * perLayer.count)
        let i = p.startIndex
        output = retention == .nothing ? inputPieces[0] : p[i]
        (self.predicted, predictedNorm, predictedInverse, logits) = (p[i + 1], p[i + 2], p[i + 3], p[i + 4])
        (norm, gated, dHidden, dNorm) = (p[i + 5], p[i + 6], p[i + 7], p[i + 8])
        (dProjections, dAttention, partialSums) = (p[i + 9], p[i + 10], p[i + 11])
    }

    /// What all layers keep for a backward pass.
    static func bytesPerToken(_ configuration: ModelConfiguration) -> Int {
        let family = configuration.family
        let branches = [family.attention.outputNorm, family.feedForward.outputNorm].count { $0 != nil }
        let perLayer =
            2 * configuration.hiddenSize + configuration.projectionSize + configuration.attentionSize
            + 2 * configuration.headCount + 2 * configuration.intermediateSize + 2
            + configuration.headNormCount + configuration.headNormInputs + branches * (configuration.hiddenSize + 1)
        return configuration.layerCount * perLayer * MemoryLayout<Float>.stride
    }

    /// The hidden states behind layer `index`.
    func output(ofLayer index: Int) -> UnsafeMutablePointer<Float> {
        index + 1 < layers.count ? layers[index + 1].input : output
    }
}
