import Kinds

/// How many parameters a model of a shape has: what ratios and predictions are reckoned with before there is a model.
package struct ModelSize: Hashable, Sendable {
    package var hidden: Int
    package var layers: Int
    package var heads: Int
    package var kvHeads: Int
    /// Of the shape as it was drawn: pruning leaves heads their size.
    package let headSize: Int
    package var intermediate: Int
    package var vocabulary: Int
    package var tied: Bool

    package init(_ shape: ModelShape, vocabulary: Int) {
        hidden = shape.hidden
        layers = shape.layers
        heads = shape.heads
        kvHeads = shape.kvHeads
        headSize = hidden / max(heads, 1)
        intermediate = shape.intermediate
        tied = shape.tied
        self.vocabulary = vocabulary
    }

    /// Q, K and V with biases, the output projection, the feed-forward matrices, two norms.
    package var perLayer: Int {
        let (queries, keys) = (heads * headSize, kvHeads * headSize)
        return (hidden + 1) * queries + 2 * (hidden + 1) * keys + queries * hidden + 3 * hidden * intermediate + 2 * hidden
    }

    package var work: ModelWork {
        let norms = 2 * hidden + (heads + 2 * kvHeads) * headSize
        return ModelWork(parameters: total, matrices: layers * max(0, perLayer - norms), width: hidden)
    }

    package var total: Int { vocabulary * hidden * (tied ? 1 : 2) + layers * perLayer + hidden }
}
