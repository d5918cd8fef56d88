import CKernels

extension Decoder {
    /// Input [T, D] → middle [T, D] = input + attention(norm(input))·Oᵀ.
    func attentionForward(_ index: Int, _ batch: PackedBatch, _ a: Activations) {
        projectionsForward(index, batch, a)
        let layer = a.layers[index]
        decant_attention(
            layer.projections, layer.attention, layer.statistics, batch.offsets, batch.sequenceCount,
            configuration.attentionShape, a.attentionScratch)
        attentionOutputForward(index, batch, a)
    }

    /// Input [T, D] → queries, keys and values [T, (heads + 2·kvHeads)·d], the first two turned by their positions.
    func projectionsForward(_ index: Int, _ batch: PackedBatch, _ a: Activations) {
        let rows = batch.tokens.count
        let layer = a.layers[index]
        let start = layout.start(ofLayer: index)
        let (hidden, width) = (configuration.hiddenSize, configuration.projectionSize)
        let keyValueSize = configuration.keyValueHeadCount * configuration.headDimension
        decant_rmsnorm(
            layer.input, weights.base + start + layout.layer.inputNorm, layer.inputNorm, layer.inputInverse, rows, hidden,
            Float(configuration.normEpsilon))
        linearForward(
            start + layout.layer.projections, outputs: [configuration.attentionSize, keyValueSize, keyValueSize],
            MatrixView(layer.inputNorm, rows, hidden), into: MatrixView(layer.projections, rows, width))
        if configuration.hasAttentionBias {
            decant_add_bias(layer.projections, weights.base + start + layout.layer.bias, rows, width)
        }
        decant_rope(
            layer.projections, batch.positions, rotary.cosines.base, rotary.sines.base, rows, width,
            configuration.headCount + configuration.keyValueHeadCount, configuration.headDimension)
    }

    /// The heads' outputs [T, heads·d] → middle [T, D].
    func attentionOutputForward(_ index: Int, _ batch: PackedBatch, _ a: Activations) {
        let rows = batch.tokens.count
        let layer = a.layers[index]
        let hidden = configuration.hiddenSize
        let middle = MatrixView(layer.middle, rows, hidden)
        middle.base.update(from: layer.input, count: rows * hidden)
        linearForward(
            layout.start(ofLayer: index) + layout.layer.output, outputs: [hidden],
            MatrixView(layer.attention, rows, configuration.attentionSize), into: middle, .adding)
    }

    /// dHidden [T, D] of the middle → dHidden of the input.
    func attentionBackward(
        _ index: Int, _ batch: PackedBatch, _ a: Activations, _ gradients: UnsafeMutablePointer<Float>
    ) {
        let rows = batch.tokens.count
        let layer = a.layers[index]
        let start = weights.base + layout.start(ofLayer: index)
        let dStart = gradients + layout.start(ofLayer: index)
        let (hidden, attention) = (configuration.hiddenSize, configuration.attentionSize)
        let dMiddle = MatrixView(a.dHidden, rows, hidden)
        MatrixMultiply.product(
            transposed: dMiddle, MatrixView(layer.attention, rows, attention),
            into: MatrixView(dStart + layout.layer.output, hidden, attention), .adding)
        MatrixMultiply.product(
            dMiddle, MatrixView(start + layout.layer.output, hidden, attention),
            into: MatrixView(a.dAttention, rows, attention))
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
