import CKernels

/// An encoder's forward pass that keeps what is needed to go back, and the backward pass: the gradients of all parameters.
///
/// `EncoderLayer` computes the same states to run.
struct EncoderPass {
    typealias Floats = UnsafeMutablePointer<Float>

    let configuration: EncoderConfiguration
    let layout: EncoderLayout
    let weights: FloatBuffer
    let workers: WorkerPool

    var hidden: Int { configuration.hiddenSize }

    /// Tokens → hidden states [T, D], the last of `states`.
    func forward(_ sequences: [[Int32]], _ kept: EncoderActivations) {
        layout.embed(sequences, weights: weights, into: kept.embedded, hiddenSize: hidden)
        normalize(layout.embeddingNorm, kept.embedded, into: kept.states[0], rows: kept.rows)
        for (index, layer) in layout.layers.enumerated() {
            forward(layer, kept.layers[index], from: kept.states[index], to: kept.states[index + 1], kept)
        }
    }

    /// From `gradient`, that of the last states, adds to the gradients of all parameters but the heads'.
    func backward(_ sequences: [[Int32]], _ kept: EncoderActivations, into gradients: FloatBuffer) {
        for index in layout.layers.indices.reversed() {
            backward(layout.layers[index], kept.layers[index], from: kept.states[index], kept, gradients)
        }
        normalizeBackward(
            layout.embeddingNorm, kept.embedded, kept.gradient, into: kept.gradient, rows: kept.rows, gradients)
        var row = kept.gradient
        for sequence in sequences {
            for (position, token) in sequence.enumerated() {
                decant_add(gradients.base + layout.words + Int(token) * hidden, row, hidden)
                decant_add(gradients.base + layout.segments, row, hidden)
                decant_add(gradients.base + layout.positions + position * hidden, row, hidden)
                row += hidden
            }
        }
    }

    // MARK: A layer

    private func forward(
        _ layer: EncoderLayout.Layer, _ own: EncoderActivations.Layer, from x: Floats, to y: Floats, _ kept: EncoderActivations
    ) {
        let (rows, wide) = (kept.rows, configuration.intermediateSize)
        linear(layer.projections, layer.projectionBias, x, hidden, into: own.projections, 3 * hidden, rows: rows)
        EncoderAttention(configuration, kept, workers).forward(own)
        linear(layer.output, layer.outputBias, own.attended, hidden, into: own.attentionSum, hidden, rows: rows)
        decant_add(own.attentionSum, x, rows * hidden)
        normalize(layer.attentionNorm, own.attentionSum, into: own.middle, rows: rows)
        linear(layer.intermediate, layer.intermediateBias, own.middle, hidden, into: own.wide, wide, rows: rows)
        workers.forEachRange(rows, size: Self.rowsOfUnit) { range in
            let (start, count) = (range.lowerBound * wide, range.count * wide)
            (own.activated + start).update(from: own.wide + start, count: count)
            decant_gelu(own.activated + start, count)
        }
        linear(layer.down, layer.downBias, own.activated, wide, into: own.outputSum, hidden, rows: rows)
        decant_add(own.outputSum, own.middle, rows * hidden)
        normalize(layer.outputNorm, own.outputSum, into: y, rows: rows)
    }

    /// `gradient` is that of the layer's output, and becomes that of its input.
    private func backward(
        _ layer: EncoderLayout.Layer, _ own: EncoderActivations.Layer, from x: Floats, _ kept: EncoderActivations,
        _ gradients: FloatBuffer
    ) {
        let (rows, wide) = (kept.rows, configuration.intermediateSize)
        let (dy, dsum) = (kept.gradient, kept.sumGradient)
        normalizeBackward(layer.outputNorm, own.outputSum, dy, into: dsum, rows: rows, gradients)
        linearBackward(
            layer.down, layer.downBias, own.activated, wide, dsum, hidden, into: kept.wideGradient, .replacing, rows: rows,
            gradients)
        workers.forEachRange(rows, size: Self.rowsOfUnit) { range in
            let start = range.lowerBound * wide
            decant_gelu_backward(own.wide + start, kept.wideGradient + start, range.count * wide)
        }
        // The sum reaches its first summand as it is; the feed-forward layer adds its part.
        linearBackward(
            layer.intermediate, layer.intermediateBias, own.middle, hidden, kept.wideGradient, wide, into: dsum, .adding,
            rows: rows, gradients)
        normalizeBackward(layer.attentionNorm, own.attentionSum, dsum, into: dy, rows: rows, gradients)
        linearBackward(
            layer.output, layer.outputBias, own.attended, hidden, dy, hidden, into: kept.attendedGradient, .replacing,
            rows: rows, gradients)
        EncoderAttention(configuration, kept, workers).backward(own)
        linearBackward(
            layer.projections, layer.projectionBias, x, hidden, kept.projectionGradient, 3 * hidden, into: dy, .adding,
            rows: rows, gradients)
    }

    /// Of elementwise work.
    private static let rowsOfUnit = 64

    // MARK: Parts

    /// y [rows, out] = x·Wᵀ + b
    private func linear(
        _ weight: Int, _ bias: Int, _ x: Floats, _ inputs: Int, into y: Floats, _ outputs: Int, rows: Int
    ) {
        MatrixMultiply.product(
            MatrixView(x, rows, inputs), transposed: MatrixView(weights.base + weight, outputs, inputs),
            into: MatrixView(y, rows, outputs), on: workers)
        decant_add_bias(y, weights.base + bias, rows, outputs)
    }

    /// dW += dyᵀ·x, db += Σ dy, dx (+)= dy·W
    private func linearBackward(
        _ weight: Int, _ bias: Int, _ x: Floats, _ inputs: Int, _ dy: Floats, _ outputs: Int, into dx: Floats,
        _ accumulation: MatrixMultiply.Accumulation, rows: Int, _ gradients: FloatBuffer
    ) {
        MatrixMultiply.product(
            transposed: MatrixView(dy, rows, outputs), MatrixView(x, rows, inputs),
            into: MatrixView(gradients.base + weight, outputs, inputs), .adding, on: workers)
        decant_sum_rows(dy, gradients.base + bias, rows, outputs, 1)
        MatrixMultiply.product(
            MatrixView(dy, rows, outputs), MatrixView(weights.base + weight, outputs, inputs),
            into: MatrixView(dx, rows, inputs), accumulation, on: workers)
    }

    private func normalize(_ norm: EncoderLayout.Norm, _ x: Floats, into y: Floats, rows: Int) {
        decant_layernorm(
            x, weights.base + norm.weight, weights.base + norm.bias, y, rows, hidden, Float(configuration.normEpsilon))
    }

    private func normalizeBackward(
        _ norm: EncoderLayout.Norm, _ x: Floats, _ dy: Floats, into dx: Floats, rows: Int, _ gradients: FloatBuffer
    ) {
        decant_layernorm_backward(
            x, weights.base + norm.weight, dy, dx, gradients.base + norm.weight, gradients.base + norm.bias, rows, hidden,
            Float(configuration.normEpsilon))
    }
}
