import CKernels

extension Decoder {
    /// Logits that exist at a time in training. A multiple of the depth at which a matrix product cuts its sums, so that
    /// gradients do not depend on it.
    static let logitRows = 384

    private var hidden: Int { configuration.hiddenSize }

    private var head: MatrixView { MatrixView(weights.base + layout.head, configuration.vocabularySize, hidden) }

    /// Hidden states [T, D] → logits of all predicted rows [P, V].
    func headForward(_ batch: PackedBatch, _ a: Activations) {
        finalNormForward(batch, a)
        logitsForward(0..<batch.predictedRows.count, a)
    }

    /// Calls `body` with the logits of ranges of predicted rows, [range, V] each, in order. Nothing else of them exists.
    func forEachLogits(_ batch: PackedBatch, _ a: Activations, _ body: (Range<Int>) -> Void) {
        finalNormForward(batch, a)
        for first in stride(from: 0, to: batch.predictedRows.count, by: a.logitRows) {
            let rows = first..<min(batch.predictedRows.count, first + a.logitRows)
            logitsForward(rows, a)
            body(rows)
        }
    }

    /// Hidden states [T, D] → the final norm's output for the predicted rows [P, D].
    private func finalNormForward(_ batch: PackedBatch, _ a: Activations) {
        for (place, row) in batch.predictedRows.enumerated() {
            (a.predicted + place * hidden).update(from: a.output + Int(row) * hidden, count: hidden)
        }
        normForward(
            a.predicted, rows: batch.predictedRows.count, weight: layout.finalNorm, into: a.predictedNorm,
            inverse: a.predictedInverse)
    }

    private func logitsForward(_ rows: Range<Int>, _ a: Activations) {
        let vocabularySize = configuration.vocabularySize
        linearForward(
            layout.head, outputs: [vocabularySize], MatrixView(a.predictedNorm + rows.lowerBound * hidden, rows.count, hidden),
            into: MatrixView(a.logits, rows.count, vocabularySize))
    }

    /// dLogits [range, V], in the place of the logits → dNorm of these predicted rows, and the head's gradient.
    func logitsBackward(_ rows: Range<Int>, _ a: Activations, _ gradients: Gradients) {
        let dLogits = MatrixView(a.logits, rows.count, configuration.vocabularySize)
        if let dHead = gradients.weights(at: layout.head) {
            MatrixMultiply.product(
                transposed: dLogits, MatrixView(a.predictedNorm + rows.lowerBound * hidden, rows.count, hidden),
                into: MatrixView(dHead, configuration.vocabularySize, hidden),
                rows.lowerBound == 0 ? gradients.accumulation : .adding, on: workers, in: products)
        }
        MatrixMultiply.product(
            dLogits, head, into: MatrixView(a.dNorm + rows.lowerBound * hidden, rows.count, hidden), on: workers, in: products)
    }

    /// dNorm [P, D] → dHidden [T, D], zero outside the predicted rows.
    func finalNormBackward(_ batch: PackedBatch, _ a: Activations, _ gradients: Gradients) {
        let count = batch.predictedRows.count
        let dPredicted = a.dAttention
        dPredicted.update(repeating: 0, count: count * hidden)
        normBackward(
            a.predicted, rows: count, weight: layout.finalNorm, inverse: a.predictedInverse, dNorm: a.dNorm, dx: dPredicted, a,
            gradients)
        a.dHidden.update(repeating: 0, count: batch.tokens.count * hidden)
        for (place, row) in batch.predictedRows.enumerated() {
            (a.dHidden + Int(row) * hidden).update(from: dPredicted + place * hidden, count: hidden)
        }
    }
}
