/// How many parameters a model has.
package struct ParameterCount: Hashable, Sendable {
    /// Of the embedding alone; a tied head adds nothing, an untied one is among `others`.
    package var embedding: Int
    package var others: Int

    package var total: Int { embedding + others }

    /// Weights, the biases of Q, K and V, and the gains of two norms a layer and a last one.
    package init(_ shape: CostShape) {
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
