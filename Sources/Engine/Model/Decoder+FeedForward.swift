import CKernels

extension Decoder {
    /// Middle [T, D] → output [T, D] = middle + (silu(gate)·up)·Wᵀ, gate and up of norm(middle).
    func feedForwardForward(_ index: Int, _ batch: PackedBatch, _ a: Activations) {
        let rows = batch.tokens.count
        let layer = a.layers[index]
        let start = layout.start(ofLayer: index)
        let (hidden, intermediate) = (configuration.hiddenSize, configuration.intermediateSize)
        decant_rmsnorm(
            layer.middle, weights.base + start + layout.layer.postNorm, layer.postNorm, layer.postInverse, rows, hidden,
            Float(configuration.normEpsilon))
        linearForward(
            start + layout.layer.gateUp, outputs: [intermediate, intermediate], MatrixView(layer.postNorm, rows, hidden),
            into: MatrixView(layer.gateUp, rows, 2 * intermediate))
        decant_swiglu(layer.gateUp, layer.gated, rows, intermediate)
        let output = MatrixView(a.output(ofLayer: index), rows, hidden)
        output.base.update(from: layer.middle, count: rows * hidden)
        linearForward(
            start + layout.layer.down, outputs: [hidden], MatrixView(layer.gated, rows, intermediate), into: output, .adding)
    }

    /// dHidden [T, D] of the output → dHidden of the middle.
    func feedForwardBackward(
        _ index: Int, _ batch: PackedBatch, _ a: Activations, _ gradients: UnsafeMutablePointer<Float>
    ) {
        let rows = batch.tokens.count
        let layer = a.layers[index]
        let start = weights.base + layout.start(ofLayer: index)
        let dStart = gradients + layout.start(ofLayer: index)
        let (hidden, intermediate) = (configuration.hiddenSize, configuration.intermediateSize)
        let dOutput = MatrixView(a.dHidden, rows, hidden)
        let dGateUp = MatrixView(a.dGateUp, rows, 2 * intermediate)
        MatrixMultiply.product(
            transposed: dOutput, MatrixView(layer.gated, rows, intermediate),
            into: MatrixView(dStart + layout.layer.down, hidden, intermediate), .adding)
        MatrixMultiply.product(
            dOutput, MatrixView(start + layout.layer.down, hidden, intermediate),
            into: MatrixView(a.dGated, rows, intermediate))
        decant_swiglu_backward(layer.gateUp, a.dGated, a.dGateUp, rows, intermediate)
        MatrixMultiply.product(
            transposed: dGateUp, MatrixView(layer.postNorm, rows, hidden),
            into: MatrixView(dStart + layout.layer.gateUp, 2 * intermediate, hidden), .adding)
        MatrixMultiply.product(
            dGateUp, MatrixView(start + layout.layer.gateUp, 2 * intermediate, hidden), into: MatrixView(a.dNorm, rows, hidden))
        decant_rmsnorm_backward(
            layer.middle, start + layout.layer.postNorm, layer.postInverse, a.dNorm, a.dHidden,
            dStart + layout.layer.postNorm, rows, hidden)
    }
}
