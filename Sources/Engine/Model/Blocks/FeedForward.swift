import CKernels

/// A gated feed-forward layer: input [T, D] → input + norm((silu(gate)·up)·Wᵀ), gate and up [T, I] of norm(input). Most families
/// lack the outer norm, some the inner one.
struct FeedForward: Sendable {
    /// A family's names for the block's tensors in a layer.
    struct Tensors: Sendable {
        var norm: TensorName? = TensorName("post_attention_layernorm", gguf: "ffn_norm")
        var gate = TensorName("mlp.gate_proj", gguf: "ffn_gate")
        var up = TensorName("mlp.up_proj", gguf: "ffn_up")
        /// Gate and up as one tensor, in the place of two.
        var fused: TensorName?
        var down = TensorName("mlp.down_proj", gguf: "ffn_down")
        /// Of what the block adds.
        var outputNorm: TensorName?
        var gateFunction = GateFunction.silu
    }

    /// Offsets from the layer's start.
    let norm: Int?
    /// [2·I, D]
    let gateUp: LinearMap
    /// [D, I]
    let down: LinearMap
    let outputNorm: Int?
    let gateFunction: GateFunction

    var gate: LinearMap { gateUp.matrix(0) }
    var up: LinearMap { gateUp.matrix(1) }
    /// Whether gate and up are one tensor.
    var isFused: Bool { gateUp.outputs.count == 1 }

    init(_ tensors: Tensors, in layout: inout LayoutBuilder) {
        norm = tensors.norm.map { layout.append($0, [.hidden], .norm) }
        let matrices: [(name: TensorName, outputs: Axis, isRotated: Bool)] =
            if let fused = tensors.fused { [(fused, .gateUp, false)] } else {
                [(tensors.gate, .neurons, false), (tensors.up, .neurons, false)]
            }
        gateUp = layout.append(matrices, reading: .feedForward)
        down = layout.append([(tensors.down, .hidden, false)], reading: .down)
        outputNorm = tensors.outputNorm.map { layout.append($0, [.hidden], .norm) }
        gateFunction = tensors.gateFunction
    }
}

// MARK: Whole sequences

extension Decoder {
    /// Middle [T, D] → output [T, D].
    func feedForwardForward(_ index: Int, _ batch: PackedBatch, _ a: Activations) {
        let rows = batch.tokens.count
        let (hidden, intermediate) = (configuration.hiddenSize, configuration.intermediateSize)
        gateUpForward(index, batch, a)
        let (layer, block, start) = (a.layers[index], layout.feedForward, layout.start(ofLayer: index))
        let output = a.output(ofLayer: index)
        forEachRows(rows) { rows in
            let at = rows.lowerBound
            block.gateFunction.forward(
                layer.gateUp + at * 2 * intermediate, into: a.gated + at * intermediate, rows: rows.count, intermediate,
                columns: 0..<intermediate)
            (output + at * hidden).update(from: layer.middle + at * hidden, count: rows.count * hidden)
        }
        addOutput(
            MatrixView(a.gated, rows, intermediate), by: block.down.from(start), norm: block.outputNorm.map { start + $0 },
            layer.feedForwardBranch, to: output)
    }

    /// What a backward pass reads and the forward pass did not keep.
    func feedForwardAgain(_ index: Int, _ batch: PackedBatch, _ a: Activations) {
        // The output comes out as it was.
        layout.feedForward.outputNorm == nil ? gateUpForward(index, batch, a) : feedForwardForward(index, batch, a)
    }

    /// What gate and up of a layer read [T, D], while that layer is at work.
    func feedForwardInput(_ index: Int, _ a: Activations) -> UnsafeMutablePointer<Float> {
        layout.feedForward.norm == nil ? a.layers[index].middle : a.norm
    }

    /// Middle [T, D] → gate and up [T, 2·I].
    func gateUpForward(_ index: Int, _ batch: PackedBatch, _ a: Activations) {
        let rows = batch.tokens.count
        let (layer, block, start) = (a.layers[index], layout.feedForward, layout.start(ofLayer: index))
        let x = blockInput(
            layer.middle, rows: rows, norm: block.norm.map { start + $0 }, into: a.norm, inverse: layer.postInverse,
            sum: layer.middle)
        multiply(
            MatrixView(x, rows, configuration.hiddenSize), by: block.gateUp.from(start),
            into: MatrixView(layer.gateUp, rows, 2 * configuration.intermediateSize), .replacing)
    }

    /// dHidden [T, D] of the output → dHidden of the middle.
    func feedForwardBackward(_ index: Int, _ batch: PackedBatch, _ a: Activations, _ gradients: Gradients) {
        let rows = batch.tokens.count
        let (layer, block, start) = (a.layers[index], layout.feedForward, layout.start(ofLayer: index))
        let (hidden, intermediate) = (configuration.hiddenSize, configuration.intermediateSize)
        let (norm, down) = (block.norm.map { start + $0 }, block.down.from(start))
        let dOutput = outputBackward(
            rows: rows, norm: block.outputNorm.map { start + $0 }, layer.feedForwardBranch, a, gradients)
        let gated = MatrixView(a.gated, rows, intermediate)
        MatrixMultiply.product(dOutput, down.view(of: weights), into: gated, on: workers, in: products)
        forEachRows(rows) { rows in
            let at = rows.lowerBound
            block.gateFunction.backward(
                layer.gateUp + at * 2 * intermediate, a.gated + at * intermediate, rows: rows.count, intermediate)
            if let norm { normAgain(layer.middle, block: rows, weight: norm, into: a.norm, inverse: layer.postInverse) }
        }
        gradients.addProduct(dOutput, gated, at: down.offset, on: workers, in: products)
        multiplyBackward(
            MatrixView(layer.gateUp, rows, 2 * intermediate), by: block.gateUp.from(start),
            MatrixView(feedForwardInput(index, a), rows, hidden), into: MatrixView(a.dNorm, rows, hidden), gradients)
        blockInputBackward(layer.middle, rows: rows, norm: norm, inverse: layer.postInverse, a, gradients)
    }
}

// MARK: A step of decoding

extension StepDecoder {
    /// Hidden states [T, D] += (silu(gate)·up)·Wᵀ.
    func feedForwardForward(_ index: Int, rows: Int, _ memory: Memory) {
        let (block, start) = (layout.feedForward, layout.start(ofLayer: index))
        let (hidden, intermediate) = (configuration.hiddenSize, configuration.intermediateSize)
        let read = blockInput(
            memory.hidden, rows: rows, norm: block.norm.map { start + $0 }, into: memory.normalized, inverse: memory.inverse,
            sum: memory.hidden)
        let x = MatrixView(read, rows, hidden)
        let gateUp = MatrixView(memory.gateUp, rows, 2 * intermediate)
        if block.isFused {
            multiply(x, by: block.gateUp.from(start), into: gateUp, .replacing)
            block.gateFunction.forward(
                memory.gateUp, into: memory.gated, rows: rows, intermediate, columns: 0..<intermediate)
        } else {
            multiplyTiles(x, block, start, memory)
        }
        addOutput(
            MatrixView(memory.gated, rows, intermediate), by: block.down.from(start), norm: block.outputNorm.map { start + $0 },
            memory.branch, to: memory.hidden)
    }

    /// x [T, D] → (silu(gate)·up) [T, I], tile by tile of gate and up.
    private func multiplyTiles(_ x: MatrixView, _ block: FeedForward, _ start: Int, _ memory: Memory) {
        let intermediate = configuration.intermediateSize
        let gateUp = MatrixView(memory.gateUp, x.rows, 2 * intermediate)
        let (gate, up) = (weights.panels(of: block.gate.from(start)), weights.panels(of: block.up.from(start)))
        let (gateInput, upInput) = (gate.operand(x, workers: workers), up.operand(x, workers: workers))
        workers.forEach(gate.tileCount) { tile in
            let columns = gate.columns(ofTile: tile)
            gate.multiply(tile: tile, gateInput, into: gateUp, .replacing)
            up.multiply(tile: tile, upInput, into: gateUp.columns(from: intermediate, count: intermediate), .replacing)
            block.gateFunction.forward(memory.gateUp, into: memory.gated, rows: x.rows, intermediate, columns: columns)
        }
    }
}
