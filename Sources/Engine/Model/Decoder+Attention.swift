import CKernels

extension Decoder {
    /// Input [T, D] → middle [T, D] = input + attention(norm(input))·Oᵀ.
    func attentionForward(_ index: Int, _ batch: PackedBatch, _ a: Activations) {
        let rows = batch.tokens.count
        let layer = a.layers[index]
        let start = weights + layout.start(ofLayer: index)
        projectionsForward(start, rows, batch, layer)
        decant_attention(
            layer.projections, layer.attention, layer.statistics, batch.offsets, batch.sequenceCount,
            configuration.attentionShape, a.attentionScratch)
        let hidden = configuration.hiddenSize
        let middle = MatrixView(layer.middle, rows, hidden)
        middle.base.update(from: layer.input, count: rows * hidden)
        MatrixMultiply.product(
            MatrixView(layer.attention, rows, hidden), transposed: MatrixView(start + layout.layer.output, hidden, hidden),
            into: middle, .adding)
    }

    /// Input [T, D] → queries, keys and values [T, (heads + 2·kvHeads)·d], the first two turned by their positions.
    private func projectionsForward(
        _ start: UnsafeMutablePointer<Float>, _ rows: Int, _ batch: PackedBatch, _ layer: Activations.Layer
    ) {
        let hidden = configuration.hiddenSize
        let width = configuration.projectionSize
        decant_rmsnorm(
            layer.input, start + layout.layer.inputNorm, layer.inputNorm, layer.inputInverse, rows, hidden,
            Float(configuration.normEpsilon))
        MatrixMultiply.product(
            MatrixView(layer.inputNorm, rows, hidden),
            transposed: MatrixView(start + layout.layer.projections, width, hidden),
            into: MatrixView(layer.projections, rows, width))
        if configuration.hasAttentionBias { decant_add_bias(layer.projections, start + layout.layer.bias, rows, width) }
        decant_rope(
            layer.projections, batch.positions, rotary.cosines.base, rotary.sines.base, rows, width,
            configuration.headCount + configuration.keyValueHeadCount, configuration.headDimension)
    }

    /// dHidden [T, D] of the middle → dHidden of the input.
    func attentionBackward(
        _ index: Int, _ batch: PackedBatch, _ a: Activations, _ gradients: UnsafeMutablePointer<Float>
    ) {
        let rows = batch.tokens.count
        let layer = a.layers[index]
        let start = weights + layout.start(ofLayer: index)
        let dStart = gradients + layout.start(ofLayer: index)
        let hidden = configuration.hiddenSize
        let dMiddle = MatrixView(a.dHidden, rows, hidden)
        MatrixMultiply.product(
            transposed: dMiddle, MatrixView(layer.attention, rows, hidden),
            into: MatrixView(dStart + layout.layer.output, hidden, hidden), .adding)
        MatrixMultiply.product(
            dMiddle, MatrixView(start + layout.layer.output, hidden, hidden), into: MatrixView(a.dAttention, rows, hidden))
        decant_attention_backward(
            layer.projections, layer.attention, layer.statistics, a.dAttention, a.dProjections, batch.offsets,
            batch.sequenceCount, configuration.attentionShape, a.attentionScratch)
        projectionsBackward(start, dStart, rows, batch, layer, a)
    }

    /// dProjections [T, (heads + 2·kvHeads)·d] → adds to dHidden [T, D].
    private func projectionsBackward(
        _ start: UnsafeMutablePointer<Float>, _ dStart: UnsafeMutablePointer<Float>, _ rows: Int, _ batch: PackedBatch,
        _ layer: Activations.Layer, _ a: Activations
    ) {
        let hidden = configuration.hiddenSize
        let width = configuration.projectionSize
        decant_rope_backward(
            a.dProjections, batch.positions, rotary.cosines.base, rotary.sines.base, rows, width,
            configuration.headCount + configuration.keyValueHeadCount, configuration.headDimension)
        if configuration.hasAttentionBias {
            decant_bias_backward(a.dProjections, dStart + layout.layer.bias, rows, width)
        }
        let dProjections = MatrixView(a.dProjections, rows, width)
        MatrixMultiply.product(
            transposed: dProjections, MatrixView(layer.inputNorm, rows, hidden),
            into: MatrixView(dStart + layout.layer.projections, width, hidden), .adding)
        MatrixMultiply.product(
            dProjections, MatrixView(start + layout.layer.projections, width, hidden), into: MatrixView(a.dNorm, rows, hidden))
        decant_rmsnorm_backward(
            layer.input, start + layout.layer.inputNorm, layer.inputInverse, a.dNorm, a.dHidden,
            dStart + layout.layer.inputNorm, rows, hidden)
    }
}
