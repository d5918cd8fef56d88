import CKernels

extension Decoder {
    /// Columns of the embedding's gradient that a worker takes at a time.
    private static let columnBlock = 64

    private var hidden: Int { configuration.hiddenSize }

    /// Tokens [T] → rows of the embedding [T, D].
    func embeddingForward(_ batch: PackedBatch, _ a: Activations) {
        for (row, token) in batch.tokens.enumerated() {
            (a.layers[0].input + row * hidden).update(from: weights.base + Int(token) * hidden, count: hidden)
        }
    }

    /// dHidden [T, D] → adds to the rows of the embedding's gradient, tokens in their order for each column.
    func embeddingBackward(_ batch: PackedBatch, _ a: Activations, _ gradients: Gradients) {
        guard let gradient = gradients.weights(at: 0) else { return }
        if !gradients.isAdding && !configuration.tiesEmbeddings {
            workers.forEachRange(layout.embeddingCount, size: 1 << 16) { range in
                (gradient + range.lowerBound).update(repeating: 0, count: range.count)
            }
        }
        workers.forEachRange(hidden, size: Decoder.columnBlock) { columns in
            for (row, token) in batch.tokens.enumerated() {
                decant_add(
                    gradient + Int(token) * hidden + columns.lowerBound, a.dHidden + row * hidden + columns.lowerBound,
                    columns.count)
            }
        }
    }
}
