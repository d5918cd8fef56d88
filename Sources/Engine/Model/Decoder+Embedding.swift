import CKernels

extension Decoder {
    private var hidden: Int { configuration.hiddenSize }

    /// Tokens [T] → rows of the embedding [T, D].
    func embeddingForward(_ batch: PackedBatch, _ a: Activations) {
        for (row, token) in batch.tokens.enumerated() {
            (a.layers[0].input + row * hidden).update(from: weights.base + Int(token) * hidden, count: hidden)
        }
    }

    /// dHidden [T, D] → adds to the rows of the embedding's gradient.
    func embeddingBackward(_ batch: PackedBatch, _ a: Activations, _ gradients: UnsafeMutablePointer<Float>) {
        for (row, token) in batch.tokens.enumerated() {
            decant_add(gradients + Int(token) * hidden, a.dHidden + row * hidden, hidden)
        }
    }

    /// Hidden states [T, D] → logits of the predicted rows [P, V].
    func headForward(_ batch: PackedBatch, _ a: Activations) {
        let count = batch.predictedRows.count
        for (place, row) in batch.predictedRows.enumerated() {
            (a.predicted + place * hidden).update(from: a.output + Int(row) * hidden, count: hidden)
        }
        decant_rmsnorm(
            a.predicted, weights.base + layout.finalNorm, a.predictedNorm, a.predictedInverse, count, hidden,
            Float(configuration.normEpsilon))
        let head = MatrixView(weights.base + layout.head, configuration.vocabularySize, hidden)
        let logits = MatrixView(a.logits, count, configuration.vocabularySize)
        MatrixMultiply.product(MatrixView(a.predictedNorm, count, hidden), transposed: head, into: logits)
    }

    /// dLogits [P, V] → dHidden [T, D], zero outside the predicted rows.
    func headBackward(_ batch: PackedBatch, _ a: Activations, _ gradients: UnsafeMutablePointer<Float>) {
        let count = batch.predictedRows.count
        let dLogits = MatrixView(a.logits, count, configuration.vocabularySize)
        let head = MatrixView(weights.base + layout.head, configuration.vocabularySize, hidden)
        let dHead = MatrixView(gradients + layout.head, configuration.vocabularySize, hidden)
        let dNorm = MatrixView(a.dNorm, count, hidden)
        MatrixMultiply.product(transposed: dLogits, MatrixView(a.predictedNorm, count, hidden), into: dHead, .adding)
        MatrixMultiply.product(dLogits, head, into: dNorm)
        let dPredicted = a.dAttention
        dPredicted.update(repeating: 0, count: count * hidden)
        decant_rmsnorm_backward(
            a.predicted, weights.base + layout.finalNorm, a.predictedInverse, a.dNorm, dPredicted, gradients + layout.finalNorm,
            count, hidden)
        a.dHidden.update(repeating: 0, count: batch.tokens.count * hidden)
        for (place, row) in batch.predictedRows.enumerated() {
            (a.dHidden + Int(row) * hidden).update(from: dPredicted + place * hidden, count: hidden)
        }
    }
}
