import CKernels

extension Decoder {
    /// Middle [T, D] → output [T, D] = middle + (silu(gate)·up)·Wᵀ, gate and up of norm(middle).
    func feedForwardForward(_ index: Int, _ batch: PackedBatch, _ a: Activations) {
        let rows = batch.tokens.count
        let (hidden, intermediate) = (configuration.hiddenSize, configuration.intermediateSize)
        gateUpForward(index, batch, a)
        let layer = a.layers[index]
        let output = a.output(ofLayer: index)
        workers.forEachRange(rows, size: Decoder.rowBlock) { block in
            let at = block.lowerBound
            decant_swiglu(layer.gateUp + at * 2 * intermediate, a.gated + at * intermediate, block.count, intermediate)
            (output + at * hidden).update(from: layer.middle + at * hidden, count: block.count * hidden)
        }
        linearForward(
            layout.start(ofLayer: index) + layout.layer.down, outputs: [hidden], MatrixView(a.gated, rows, intermediate),
            into: MatrixView(output, rows, hidden), .adding)
    }

    /// Middle [T, D] → gate and up [T, 2·I].
    func gateUpForward(_ index: Int, _ batch: PackedBatch, _ a: Activations) {
        let rows = batch.tokens.count
        let layer = a.layers[index]
        let start = layout.start(ofLayer: index)
        let intermediate = configuration.intermediateSize
        normForward(
            layer.middle, rows: rows, weight: start + layout.layer.postNorm, into: a.norm, inverse: layer.postInverse)
        linearForward(
            start + layout.layer.gateUp, outputs: [intermediate, intermediate],
            MatrixView(a.norm, rows, configuration.hiddenSize), into: MatrixView(layer.gateUp, rows, 2 * intermediate))
    }

    /// dHidden [T, D] of the output → dHidden of the middle.
    func feedForwardBackward(_ index: Int, _ batch: PackedBatch, _ a: Activations, _ gradients: Gradients) {
        let rows = batch.tokens.count
        let layer = a.layers[index]
        let start = layout.start(ofLayer: index)
        let (hidden, intermediate) = (configuration.hiddenSize, configuration.intermediateSize)
        let (down, gateUp, norm) = (
            start + layout.layer.down, start + layout.layer.gateUp, start + layout.layer.postNorm
        )
        let dOutput = MatrixView(a.dHidden, rows, hidden)
        let gated = MatrixView(a.gated, rows, intermediate)
        MatrixMultiply.product(
            dOutput, MatrixView(weights.base + down, hidden, intermediate), into: gated, on: workers, in: products)
        workers.forEachRange(rows, size: Decoder.rowBlock) { block in
            let at = block.lowerBound
            decant_swiglu_backward(
                layer.gateUp + at * 2 * intermediate, a.gated + at * intermediate, block.count, intermediate)
            normAgain(layer.middle, block: block, weight: norm, into: a.norm, inverse: layer.postInverse)
        }
        gradients.addProduct(dOutput, gated, at: down, on: workers, in: products)
        let dGateUp = MatrixView(layer.gateUp, rows, 2 * intermediate)
        gradients.addProduct(dGateUp, MatrixView(a.norm, rows, hidden), at: gateUp, on: workers, in: products)
        MatrixMultiply.product(
            dGateUp, MatrixView(weights.base + gateUp, 2 * intermediate, hidden), into: MatrixView(a.dNorm, rows, hidden),
            on: workers, in: products)
        normBackward(
            layer.middle, rows: rows, weight: norm, inverse: layer.postInverse, dNorm: a.dNorm, dx: a.dHidden, a, gradients)
    }
}
