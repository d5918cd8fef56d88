/// How many parameters a model has.
public struct ParameterCount: Hashable, Sendable {
    /// Of the embedding alone; a tied head adds nothing, an untied one is among `others`.
    public var embedding: Int
    public var others: Int

    public var total: Int { embedding + others }

    /// Weights, the biases of Q, K and V, and the gains of two norms a layer and a last one.
    public init(_ shape: CostShape) {
        let (h, i) = (shape.hidden, shape.intermediate)
        let queries = shape.heads * shape.headSize
        let keys = shape.keyValueHeads * shape.headSize
        let attention = (h + 1) * queries + 2 * (h + 1) * keys + queries * h
        let feedForward = 3 * h * i
        let norms = 2 * h
        embedding = shape.vocabulary * h
        others = shape.layers * (attention + feedForward + norms) + h + (shape.tied ? 0 : shape.vocabulary * h)
    }
}
