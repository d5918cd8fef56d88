import CKernels

/// A gated feed-forward layer: input [T, D] → input + (silu(gate)·up)·Wᵀ, gate and up [T, I] of norm(input).
struct FeedForward: Sendable {
    /// A family's names for the block's tensors in a layer.
    struct Tensors: Sendable {
        var norm = TensorName("post_attention_layernorm", gguf: "ffn_norm")
        var gate = TensorName("mlp.gate_proj", gguf: "ffn_gate")
        var up = TensorName("mlp.up_proj", gguf: "ffn_up")
        var down = TensorName("mlp.down_proj", gguf: "ffn_down")
    }

    /// Offsets from the layer's start.
    let norm: Int
    /// [2·I, D]
    let gateUp: LinearMap
    /// [D, I]
    let down: LinearMap

    var gate: LinearMap { gateUp.matrix(0) }
    var up: LinearMap { gateUp.matrix(1) }

    init(_ tensors: Tensors, in layout: inout LayoutBuilder) {
        norm = layout.append(tensors.norm, [.hidden], .norm)
        gateUp = layout.append(
            [(tensors.gate, .neurons, false), (tensors.up, .neurons, false)], reading: .feedForward)
        down = layout.append([(tensors.down, .hidden, false)], reading: .down)
    }
}

// MARK: Whole sequences

extension Decoder {
    /// Middle [T, D] → output [T, D].
    func feedForwardForward(_ index: Int, _ batch: PackedBatch, _ a: Activations) {
        let rows = batch.tokens.count
        let (hidden, intermediate) = (configuration.hiddenSize, configuration.intermediateSize)
        gateUpForward(index, batch, a)
        let layer = a.layers[index]
        let output = a.output(ofLayer: index)
        forEachRows(rows) { block in
            let at = block.lowerBound
            decant_swiglu(layer.gateUp + at * 2 * intermediate, a.gated + at * intermediate, block.count, intermediate)
            (output + at * hidden).update(from: layer.middle + at * hidden, count: block.count * hidden)
        }
        multiply(
            MatrixView(a.gated, rows, intermediate), by: layout.feedForward.down.from(layout.start(ofLayer: index)),
            into: MatrixView(output, rows, hidden), .adding)
    }

    /// Middle [T, D] → gate and up [T, 2·I].
    func gateUpForward(_ index: Int, _ batch: PackedBatch, _ a: Activations) {
        let rows = batch.tokens.count
        let (layer, block, start) = (a.layers[index], layout.feedForward, layout.start(ofLayer: index))
        normForward(layer.middle, rows: rows, weight: start + block.norm, into: a.norm, inverse: layer.postInverse)
        multiply(
            MatrixView(a.norm, rows, configuration.hiddenSize), by: block.gateUp.from(start),
            into: MatrixView(layer.gateUp, rows, 2 * configuration.intermediateSize), .replacing)
    }

    /// dHidden [T, D] of the output → dHidden of the middle.
    func feedForwardBackward(_ index: Int, _ batch: PackedBatch, _ a: Activations, _ gradients: Gradients) {
        let rows = batch.tokens.count
        let (layer, block, start) = (a.layers[index], layout.feedForward, layout.start(ofLayer: index))
        let (hidden, intermediate) = (configuration.hiddenSize, configuration.intermediateSize)
        let (norm, down) = (start + block.norm, block.down.from(start))
        let dOutput = MatrixView(a.dHidden, rows, hidden)
        let gated = MatrixView(a.gated, rows, intermediate)
        MatrixMultiply.product(dOutput, down.view(of: weights), into: gated, on: workers, in: products)
        forEachRows(rows) { block in
            let at = block.lowerBound
            decant_swiglu_backward(
                layer.gateUp + at * 2 * intermediate, a.gated + at * intermediate, block.count, intermediate)
            normAgain(layer.middle, block: block, weight: norm, into: a.norm, inverse: layer.postInverse)
        }
        gradients.addProduct(dOutput, gated, at: down.offset, on: workers, in: products)
        multiplyBackward(
            MatrixView(layer.gateUp, rows, 2 * intermediate), by: block.gateUp.from(start), MatrixView(a.norm, rows, hidden),
            into: MatrixView(a.dNorm, rows, hidden), gradients)
        normBackward(
            layer.middle, rows: rows, weight: norm, inverse: layer.postInverse, dNorm: a.dNorm, dx: a.dHidden, a, gradients)
    }
}

// MARK: A step of decoding

extension StepDecoder {
    /// Hidden states [T, D] += (silu(gate)·up)·Wᵀ, tile by tile of gate and up.
    func feedForwardForward(_ index: Int, rows: Int, _ memory: Memory) {
        let (block, start) = (layout.feedForward, layout.start(ofLayer: index))
        let (hidden, intermediate) = (configuration.hiddenSize, configuration.intermediateSize)
        normForward(
            memory.hidden, rows: rows, weight: start + block.norm, into: memory.normalized, inverse: memory.inverse)
        let x = MatrixView(memory.normalized, rows, hidden)
        let gateUp = MatrixView(memory.gateUp, rows, 2 * intermediate)
        let (gate, up) = (weights.panels(of: block.gate.from(start)), weights.panels(of: block.up.from(start)))
        let (gateInput, upInput) = (gate.operand(x, workers: workers), up.operand(x, workers: workers))
        workers.forEach(gate.tileCount) { tile in
            let columns = gate.columns(ofTile: tile)
            gate.multiply(tile: tile, gateInput, into: gateUp, .replacing)
            up.multiply(tile: tile, upInput, into: gateUp.columns(from: intermediate, count: intermediate), .replacing)
            decant_swiglu_columns(memory.gateUp, memory.gated, rows, intermediate, columns.lowerBound, columns.count)
        }
        multiply(
            MatrixView(memory.gated, rows, intermediate), by: block.down.from(start),
            into: MatrixView(memory.hidden, rows, hidden), .adding)
    }
}
