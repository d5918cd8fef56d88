import CKernels

extension ForwardPass {
    /// A token's row of the embedding, scaled where the family does so → x [D].
    fileprivate func embed(_ token: Int32, into x: UnsafeMutablePointer<Float>) {
        let hidden = configuration.hiddenSize
        x.update(from: vector(at: Int(token) * hidden), count: hidden)
        let scale = configuration.embeddingScale
        if scale != 1 { decant_scale(x, scale, hidden) }
    }
}

extension Decoder {
    /// Columns of the embedding's gradient that a worker takes at a time.
    private static let columnBlock = 64
    /// Rows of logits that exist at a time in training. It is a multiple of the depth at which a matrix product cuts its sums,
    /// so gradients do not depend on it.
    static let logitRows = 384

    fileprivate var hidden: Int { configuration.hiddenSize }

    /// Tokens [T] → rows of the embedding [T, D].
    func embeddingForward(_ batch: PackedBatch, _ a: Activations) {
        for (row, token) in batch.tokens.enumerated() { embed(token, into: a.layers[0].input + row * hidden) }
    }

    /// dHidden [T, D] → adds to the rows of the embedding's gradient, tokens in their order for each column.
    func embeddingBackward(_ batch: PackedBatch, _ a: Activations, _ gradients: Gradients) {
        guard let gradient = gradients.weights(at: 0) else { return }
        if !gradients.isAdding && !configuration.tiesEmbeddings {
            workers.forEachRange(layout.embeddingCount, size: 1 << 16) { range in
                (gradient + range.lowerBound).update(repeating: 0, count: range.count)
            }
        }
        let scale = configuration.embeddingScale
        workers.forEachRange(hidden, size: Decoder.columnBlock) { columns in
            for (row, token) in batch.tokens.enumerated() {
                let dRow = a.dHidden + row * hidden + columns.lowerBound
                if scale != 1 { decant_scale(dRow, scale, columns.count) }
                decant_add(gradient + Int(token) * hidden + columns.lowerBound, dRow, columns.count)
            }
        }
    }

    /// Reads a batch, and calls `body` with the logits [range, V] of each range of predicted rows, in order. Only one range is in
    /// memory at a time: the logits of a whole batch would be the largest thing there.
    func forEachLogits(
        of batch: PackedBatch, in arena: Arena = Arena(), _ body: (Range<Int>, UnsafeMutablePointer<Float>) -> Void
    ) {
        withExtendedLifetime(arena) {
            let activations = Activations(configuration, batch, keeping: .nothing, logitRows: Decoder.logitRows, in: arena)
            hiddenStates(batch, activations)
            forEachLogits(batch, activations) { body($0, activations.logits) }
        }
    }

    /// Calls `body` with the logits [range, V] of each range of predicted rows, in order. Only one range is in memory at a
    /// time.
    ///
    /// - Parameter ranges: cover the predicted rows; by default as long as there is memory for.
    func forEachLogits(
        _ batch: PackedBatch, _ a: Activations, in ranges: [Range<Int>]? = nil, _ body: (Range<Int>) -> Void
    ) {
        finalNormForward(batch, a)
        let count = batch.predictedRows.count
        for rows in ranges ?? stride(from: 0, to: count, by: a.logitRows).map({ $0..<min(count, $0 + a.logitRows) }) {
            logitsForward(rows, a)
            body(rows)
        }
    }

    /// Hidden states [T, D] → the final norm's output for the predicted rows [P, D].
    func finalNormForward(_ batch: PackedBatch, _ a: Activations) {
        for (place, row) in batch.predictedRows.enumerated() {
            (a.predicted + place * hidden).update(from: a.output + Int(row) * hidden, count: hidden)
        }
        normForward(
            a.predicted, rows: batch.predictedRows.count, weight: layout.finalNorm, into: a.predictedNorm,
            inverse: a.predictedInverse)
    }

    private func logitsForward(_ rows: Range<Int>, _ a: Activations) {
        let vocabularySize = configuration.vocabularySize
        multiply(
            MatrixView(a.predictedNorm + rows.lowerBound * hidden, rows.count, hidden), by: layout.head,
            into: MatrixView(a.logits, rows.count, vocabularySize), .replacing)
    }

    /// dLogits [range, V], in the place of the logits → dNorm of these predicted rows, and the head's gradient.
    func logitsBackward(_ rows: Range<Int>, _ a: Activations, _ gradients: Gradients) {
        let dLogits = MatrixView(a.logits, rows.count, configuration.vocabularySize)
        if let dHead = gradients.weights(at: layout.head.offset) {
            MatrixMultiply.product(
                transposed: dLogits, MatrixView(a.predictedNorm + rows.lowerBound * hidden, rows.count, hidden),
                into: MatrixView(dHead, configuration.vocabularySize, hidden),
                rows.lowerBound == 0 ? gradients.accumulation : .adding, on: workers, in: products)
        }
        MatrixMultiply.product(
            dLogits, layout.head.view(of: weights), into: MatrixView(a.dNorm + rows.lowerBound * hidden, rows.count, hidden),
            on: workers, in: products)
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

// MARK: A step of decoding

extension StepDecoder {
    /// Tokens [T] → rows of the embedding [T, D].
    func embeddingForward(_ batch: StepBatch, _ memory: Memory) {
        for (row, token) in batch.tokens.enumerated() {
            embed(token, into: memory.hidden + row * configuration.hiddenSize)
        }
    }

    /// Hidden states → logits of the predicted rows [P, V].
    func headForward(_ batch: StepBatch, _ memory: Memory) {
        let (count, hidden) = (batch.predictedRows.count, configuration.hiddenSize)
        // Predicted rows rise, so each one moves to a place that is not needed any more.
        for (place, row) in batch.predictedRows.enumerated() where place != row {
            (memory.hidden + place * hidden).update(from: memory.hidden + row * hidden, count: hidden)
        }
        normForward(
            memory.hidden, rows: count, weight: layout.finalNorm, into: memory.normalized, inverse: memory.inverse)
        multiply(
            MatrixView(memory.normalized, count, hidden), by: layout.head,
            into: MatrixView(memory.logits, count, configuration.vocabularySize), .replacing)
    }
}
