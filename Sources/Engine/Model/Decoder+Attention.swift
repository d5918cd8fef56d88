import CKernels

extension Decoder {
    /// Input [T, D] → middle [T, D] = input + attention(norm(input))·Oᵀ.
    func attentionForward(_ index: Int, _ batch: PackedBatch, _ a: Activations) {
        projectionsForward(index, batch, a)
        let layer = a.layers[index]
        let (width, attended) = (configuration.projectionSize, configuration.attentionSize)
        let units = batch.queryRanges(keyValueHeads: configuration.keyValueHeadCount)
        workers.forEach(units.count) { index in
            let unit = units[index]
            decant_attention(
                layer.projections + unit.start * width, layer.attention + unit.start * attended,
                layer.statistics + unit.start * configuration.headCount * 2, unit.queries.lowerBound, unit.queries.upperBound,
                unit.keyValueHead, configuration.attentionShape)
        }
        attentionOutputForward(index, batch, a)
    }

    /// Input [T, D] → queries, keys and values [T, (heads + 2·kvHeads)·d], the first two turned by their positions; the
    /// middle becomes a copy of the input.
    func projectionsForward(_ index: Int, _ batch: PackedBatch, _ a: Activations) {
        let rows = batch.tokens.count
        let layer = a.layers[index]
        let start = layout.start(ofLayer: index)
        let width = configuration.projectionSize
        let keyValueSize = configuration.keyValueHeadCount * configuration.headDimension
        normForward(
            layer.input, rows: rows, weight: start + layout.layer.inputNorm, into: a.norm, inverse: layer.inputInverse,
            copy: layer.middle)
        linearForward(
            start + layout.layer.projections, outputs: [configuration.attentionSize, keyValueSize, keyValueSize],
            MatrixView(a.norm, rows, configuration.hiddenSize), into: MatrixView(layer.projections, rows, width))
        forEachTurned(batch, layer.projections) { rows, x, positions in
            if configuration.hasAttentionBias {
                decant_add_bias(x, weights.base + start + layout.layer.bias, rows.count, width)
            }
            decant_rope(
                x, positions, rotary.cosines.base, rotary.sines.base, rows.count, width,
                configuration.headCount + configuration.keyValueHeadCount, configuration.headDimension)
        }
    }

    /// The heads' outputs [T, heads·d] → adds to the middle [T, D].
    func attentionOutputForward(_ index: Int, _ batch: PackedBatch, _ a: Activations) {
        let rows = batch.tokens.count
        let layer = a.layers[index]
        let hidden = configuration.hiddenSize
        linearForward(
            layout.start(ofLayer: index) + layout.layer.output, outputs: [hidden],
            MatrixView(layer.attention, rows, configuration.attentionSize), into: MatrixView(layer.middle, rows, hidden),
            .adding)
    }

    /// dHidden [T, D] of the middle → dHidden of the input.
    func attentionBackward(_ index: Int, _ batch: PackedBatch, _ a: Activations, _ gradients: Gradients) {
        let rows = batch.tokens.count
        let layer = a.layers[index]
        let output = layout.start(ofLayer: index) + layout.layer.output
        let (hidden, attended, width) = (
            configuration.hiddenSize, configuration.attentionSize, configuration.projectionSize
        )
        let dMiddle = MatrixView(a.dHidden, rows, hidden)
        gradients.addProduct(dMiddle, MatrixView(layer.attention, rows, attended), at: output, on: workers, in: products)
        MatrixMultiply.product(
            dMiddle, MatrixView(weights.base + output, hidden, attended), into: MatrixView(a.dAttention, rows, attended),
            on: workers, in: products)
        let kvHeads = configuration.keyValueHeadCount
        workers.forEach(batch.sequenceCount * kvHeads) { unit in
            let sequence = batch.rows(ofSequence: unit / kvHeads)
            let start = sequence.lowerBound
            decant_attention_backward(
                layer.projections + start * width, layer.attention + start * attended,
                layer.statistics + start * configuration.headCount * 2, a.dAttention + start * attended,
                a.dProjections + start * width, sequence.count, unit % kvHeads, configuration.attentionShape)
        }
        projectionsBackward(index, batch, a, gradients)
    }

    /// dProjections [T, (heads + 2·kvHeads)·d] → adds to dHidden [T, D].
    private func projectionsBackward(_ index: Int, _ batch: PackedBatch, _ a: Activations, _ gradients: Gradients) {
        let rows = batch.tokens.count
        let layer = a.layers[index]
        let start = layout.start(ofLayer: index)
        let (hidden, width) = (configuration.hiddenSize, configuration.projectionSize)
        let norm = start + layout.layer.inputNorm
        forEachTurned(batch, a.dProjections) { rows, dx, positions in
            decant_rope_backward(
                dx, positions, rotary.cosines.base, rotary.sines.base, rows.count, width,
                configuration.headCount + configuration.keyValueHeadCount, configuration.headDimension)
            if configuration.hasAttentionBias {
                decant_bias_backward(dx, a.partialSums + rows.lowerBound / Decoder.rowBlock * width, rows.count, width)
            }
            normAgain(layer.input, block: rows, weight: norm, into: a.norm, inverse: layer.inputInverse)
        }
        if configuration.hasAttentionBias {
            addPartialSums(rows: rows, columns: width, to: start + layout.layer.bias, a, gradients)
        }
        let dProjections = MatrixView(a.dProjections, rows, width)
        let matrix = start + layout.layer.projections
        gradients.addProduct(dProjections, MatrixView(a.norm, rows, hidden), at: matrix, on: workers, in: products)
        MatrixMultiply.product(
            dProjections, MatrixView(weights.base + matrix, width, hidden), into: MatrixView(a.dNorm, rows, hidden),
            on: workers,
            in: products)
        normBackward(
            layer.input, rows: rows, weight: norm, inverse: layer.inputInverse, dNorm: a.dNorm, dx: a.dHidden, a, gradients)
    }

    /// Calls `body` with blocks of rows of x [T, (heads + 2·kvHeads)·d] and their positions.
    private func forEachTurned(
        _ batch: PackedBatch, _ x: UnsafeMutablePointer<Float>,
        _ body: (Range<Int>, UnsafeMutablePointer<Float>, UnsafePointer<Int32>) -> Void
    ) {
        batch.positions.withUnsafeBufferPointer { positions in
            guard let first = positions.baseAddress else { return }
            workers.forEachRange(positions.count, size: Decoder.rowBlock) { rows in
                body(rows, x + rows.lowerBound * configuration.projectionSize, first + rows.lowerBound)
            }
        }
    }
}

extension PackedBatch {
    /// Queries that a worker takes at a time: several blocks of the kernel's 48.
    private static let queriesAtATime = 480

    func rows(ofSequence index: Int) -> Range<Int> { Int(offsets[index])..<Int(offsets[index + 1]) }

    /// Work on attention that is independent of each other: queries of a sequence (from its first row, `start`) for the heads
    /// of one key/value head.
    fileprivate func queryRanges(keyValueHeads: Int) -> [(start: Int, queries: Range<Int>, keyValueHead: Int)] {
        (0..<sequenceCount).flatMap { index in
            let rows = rows(ofSequence: index)
            return stride(from: 0, to: rows.count, by: PackedBatch.queriesAtATime).flatMap { first in
                (0..<keyValueHeads).map {
                    (rows.lowerBound, first..<min(rows.count, first + PackedBatch.queriesAtATime), $0)
                }
            }
        }
    }
}
