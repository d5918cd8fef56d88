/// How many parameters a model of a shape has: what ratios and predictions are reckoned with before there is a model.
public struct ModelSize: Hashable, Sendable {
    public var hidden: Int
    public var layers: Int
    public var heads: Int
    public var kvHeads: Int
    /// Of the shape as it was drawn: pruning leaves heads their size.
    public let headSize: Int
    public var intermediate: Int
    public var vocabulary: Int
    public var tied: Bool

    public init(_ shape: ShapeSection, vocabulary: Int) {
        hidden = shape.hidden.value
        layers = shape.layers.value
        heads = shape.heads.value
        kvHeads = shape.kvHeads.value
        headSize = hidden / max(heads, 1)
        intermediate = shape.intermediate.value
        tied = shape.tied.value
        self.vocabulary = vocabulary
    }

    /// Q, K and V with biases, the output projection, the feed-forward matrices, two norms.
    public var perLayer: Int {
        let (queries, keys) = (heads * headSize, kvHeads * headSize)
        return (hidden + 1) * queries + 2 * (hidden + 1) * keys + queries * hidden + 3 * hidden * intermediate + 2 * hidden
    }

    public var total: Int { vocabulary * hidden * (tied ? 1 : 2) + layers * perLayer + hidden }
}
