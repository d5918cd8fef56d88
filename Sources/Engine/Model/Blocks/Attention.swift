import CKernels

/// Causal self-attention over groups of heads: input [T, D] → sum [T, D] = input + attention(norm(input))·Oᵀ.
struct Attention: Sendable {
    /// A family's names for the block's tensors in a layer, and which optional tensors it has.
    struct Tensors: Sendable {
        var norm = TensorName("input_layernorm", gguf: "attn_norm")
        var query = TensorName("self_attn.q_proj", gguf: "attn_q")
        var key = TensorName("self_attn.k_proj", gguf: "attn_k")
        var value = TensorName("self_attn.v_proj", gguf: "attn_v")
        var output = TensorName("self_attn.o_proj", gguf: "attn_output")
        /// Whether queries, keys and values have a bias.
        var hasBias = false
        /// Norms over the channels of each query and key head, before the rotary embedding.
        var headNorms: HeadNorms?
    }

    struct HeadNorms: Sendable {
        let queries, keys: TensorName
    }

    /// Offsets from the layer's start.
    let norm: Int
    /// Queries, keys and values: [(heads + 2·kvHeads)·d, D]
    let projections: LinearMap
    let bias: Int?
    /// Two vectors [d], of queries and of keys.
    let headNorms: Int?
    /// [D, heads·d]
    let output: LinearMap

    init(_ tensors: Tensors, in layout: inout LayoutBuilder) {
        norm = layout.append(tensors.norm, [.hidden], .norm)
        let matrices = [
            (name: tensors.query, outputs: Axis.queries, isRotated: true), (tensors.key, .keyValues, true),
            (tensors.value, .keyValues, false),
        ]
        projections = layout.append(matrices, reading: .attention)
        bias = tensors.hasBias ? layout.count : nil
        if tensors.hasBias {
            for matrix in matrices {
                layout.append(matrix.name, [matrix.outputs], .bias, kind: "bias", isRotated: matrix.isRotated)
            }
        }
        headNorms = tensors.headNorms.map { norms in
            defer { layout.append(norms.keys, [.head], .norm) }
            return layout.append(norms.queries, [.head], .norm)
        }
        output = layout.append([(tensors.output, .hidden, false)], reading: .output)
    }

    /// The memory that the block reads and writes in a pass.
    struct Memory {
        /// [T, D]; the last begins as the input, or is the input.
        let input, norm, sum: UnsafeMutablePointer<Float>
        /// 1/rms of each row.
        let inverse: UnsafeMutablePointer<Float>
        /// Queries, keys and values side by side [T, (heads + 2·kvHeads)·d]; the heads' outputs [T, heads·d].
        let projections, attention: UnsafeMutablePointer<Float>
        /// With norms of the heads: 1/rms of each head [T, heads + kvHeads]. Queries and keys before the norms
        /// [T, (heads + kvHeads)·d], where a backward pass is to follow.
        let headInverses: UnsafeMutablePointer<Float>
        let headInputs: UnsafeMutablePointer<Float>?
    }
}

extension ForwardPass {
    /// - Parameter attend: computes the heads' outputs from queries, keys and values.
    func attentionForward(_ index: Int, _ memory: Attention.Memory, positions: [Int32], attend: () -> Void) {
        let (block, start, rows) = (layout.attention, layout.start(ofLayer: index), positions.count)
        let (hidden, width) = (configuration.hiddenSize, configuration.projectionSize)
        normForward(
            memory.input, rows: rows, weight: start + block.norm, into: memory.norm, inverse: memory.inverse,
            copy: memory.sum == memory.input ? nil : memory.sum)
        multiply(
            MatrixView(memory.norm, rows, hidden), by: block.projections.from(start),
            into: MatrixView(memory.projections, rows, width), .replacing)
        forEachTurned(positions, memory.projections) { rows, x, positions in
            if let bias = block.bias { decant_add_bias(x, vector(at: start + bias), rows.count, width) }
            if let norms = block.headNorms { headNormsForward(rows, x, weights: start + norms, memory) }
            decant_rope(
                x, positions, rotary.cosines.base, rotary.sines.base, rows.count, width, configuration.rotatedHeadCount,
                configuration.headDimension)
        }
        attend()
        multiply(
            MatrixView(memory.attention, rows, configuration.attentionSize), by: block.output.from(start),
            into: MatrixView(memory.sum, rows, hidden), .adding)
    }

    /// Calls `body` with blocks of rows of x [T, (heads + 2·kvHeads)·d] and their positions.
    func forEachTurned(
        _ positions: [Int32], _ x: UnsafeMutablePointer<Float>,
        _ body: (Range<Int>, UnsafeMutablePointer<Float>, UnsafePointer<Int32>) -> Void
    ) {
        positions.withUnsafeBufferPointer { positions in
            guard let first = positions.baseAddress else { return }
            forEachRows(positions.count) { rows in
                body(rows, x + rows.lowerBound * configuration.projectionSize, first + rows.lowerBound)
            }
        }
    }

    /// Normalizes each head of the rows' queries and keys, in place.
    private func headNormsForward(
        _ rows: Range<Int>, _ x: UnsafeMutablePointer<Float>, weights: Int, _ memory: Attention.Memory
    ) {
        let (heads, width) = (configuration.rotatedHeadCount, configuration.headDimension)
        let epsilon = Float(configuration.normEpsilon)
        for row in rows {
            let queries = x + (row - rows.lowerBound) * configuration.projectionSize
            let inverses = memory.headInverses + row * heads
            memory.headInputs.map { ($0 + row * heads * width).update(from: queries, count: heads * width) }
            decant_rmsnorm(queries, vector(at: weights), queries, inverses, configuration.headCount, width, epsilon)
            let keys = queries + configuration.attentionSize
            decant_rmsnorm(
                keys, vector(at: weights + width), keys, inverses + configuration.headCount, configuration.keyValueHeadCount,
                width, epsilon)
        }
    }
}

// MARK: Whole sequences

extension Decoder {
    /// Input [T, D] → middle [T, D].
    func attentionForward(_ index: Int, _ batch: PackedBatch, _ a: Activations) {
        let layer = a.layers[index]
        let memory = Attention.Memory(
            input: layer.input, norm: a.norm, sum: layer.middle, inverse: layer.inputInverse, projections: layer.projections,
            attention: layer.attention, headInverses: layer.headInverses, headInputs: layer.headInputs)
        let (width, attended) = (configuration.projectionSize, configuration.attentionSize)
        let units = batch.queryRanges(keyValueHeads: configuration.keyValueHeadCount)
        attentionForward(index, memory, positions: batch.positions) {
            workers.forEach(units.count) { index in
                let unit = units[index]
                decant_attention(
                    layer.projections + unit.start * width, layer.attention + unit.start * attended,
                    layer.statistics + unit.start * configuration.headCount * 2, unit.queries.lowerBound,
                    unit.queries.upperBound, unit.keyValueHead, configuration.attentionShape)
            }
        }
    }

    /// dHidden [T, D] of the middle → dHidden of the input.
    func attentionBackward(_ index: Int, _ batch: PackedBatch, _ a: Activations, _ gradients: Gradients) {
        let rows = batch.tokens.count
        let layer = a.layers[index]
        let (attended, width) = (configuration.attentionSize, configuration.projectionSize)
        multiplyBackward(
            MatrixView(a.dHidden, rows, configuration.hiddenSize),
            by: layout.attention.output.from(layout.start(ofLayer: index)), MatrixView(layer.attention, rows, attended),
            into: MatrixView(a.dAttention, rows, attended), gradients)
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
        let (layer, block, start) = (a.layers[index], layout.attention, layout.start(ofLayer: index))
        let (rows, hidden, width) = (batch.tokens.count, configuration.hiddenSize, configuration.projectionSize)
        func rest(_ rows: Range<Int>, _ dx: UnsafeMutablePointer<Float>) {
            if block.bias != nil {
                decant_bias_backward(dx, a.partialSums + rows.lowerBound / Decoder.rowBlock * width, rows.count, width)
            }
            normAgain(layer.input, block: rows, weight: start + block.norm, into: a.norm, inverse: layer.inputInverse)
        }
        forEachTurned(batch.positions, a.dProjections) { rows, dx, positions in
            decant_rope_backward(
                dx, positions, rotary.cosines.base, rotary.sines.base, rows.count, width, configuration.rotatedHeadCount,
                configuration.headDimension)
            if let norms = block.headNorms {
                headNormsBackward(rows, dx, weights: start + norms, layer, a)
            } else {
                rest(rows, dx)
            }
        }
        if let norms = block.headNorms {
            addPartialSums(rows: rows, columns: 2 * configuration.headDimension, to: start + norms, a, gradients)
            forEachTurned(batch.positions, a.dProjections) { rows, dx, _ in rest(rows, dx) }
        }
        if let bias = block.bias { addPartialSums(rows: rows, columns: width, to: start + bias, a, gradients) }
        multiplyBackward(
            MatrixView(a.dProjections, rows, width), by: block.projections.from(start), MatrixView(a.norm, rows, hidden),
            into: MatrixView(a.dNorm, rows, hidden), gradients)
        normBackward(
            layer.input, rows: rows, weight: start + block.norm, inverse: layer.inputInverse, dNorm: a.dNorm, dx: a.dHidden, a,
            gradients)
    }

    /// Gradients of the rows' normalized queries and keys → those of the queries and keys, in place, and the block's sums
    /// [2·d] for the norms' weights.
    private func headNormsBackward(
        _ rows: Range<Int>, _ dx: UnsafeMutablePointer<Float>, weights: Int, _ layer: Activations.Layer, _ a: Activations
    ) {
        let (queryHeads, heads) = (configuration.headCount, configuration.rotatedHeadCount)
        let width = configuration.headDimension
        let sums = a.partialSums + rows.lowerBound / Decoder.rowBlock * 2 * width
        sums.update(repeating: 0, count: 2 * width)
        guard let inputs = layer.headInputs else { return }
        withUnsafeTemporaryAllocation(of: Float.self, capacity: (heads + 1) * width) { memory in
            guard let dy = memory.baseAddress else { return }
            let sum = dy + heads * width
            for row in rows {
                let dQueries = dx + (row - rows.lowerBound) * configuration.projectionSize
                dy.update(from: dQueries, count: heads * width)
                dQueries.update(repeating: 0, count: heads * width)
                for (norm, first, count) in [(0, 0, queryHeads), (1, queryHeads, heads - queryHeads)] {
                    decant_rmsnorm_backward(
                        inputs + (row * heads + first) * width, vector(at: weights + norm * width),
                        layer.headInverses + row * heads + first, dy + first * width, dQueries + first * width, sum, count,
                        width)
                    decant_add(sums + norm * width, sum, width)
                }
            }
        }
    }
}

extension PackedBatch {
    /// Queries that a worker takes at a time: several blocks of the kernel's 48.
    private static let queriesAtATime = 480

    func rows(ofSequence index: Int) -> Range<Int> { Int(offsets[index])..<Int(offsets[index + 1]) }

    /// Independent work on attention: some queries of a sequence (its first row is `start`) for the heads of one key/value
    /// head.
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

// MARK: A step of decoding

extension StepDecoder {
    /// Rows of one sequence whose attention is computed together.
    private static let queryRows = 8

    /// Hidden states [T, D] += attention(norm(hidden))·Oᵀ.
    func attentionForward(_ index: Int, _ batch: StepBatch, _ memory: Memory) {
        let block = Attention.Memory(
            input: memory.hidden, norm: memory.normalized, sum: memory.hidden, inverse: memory.inverse,
            projections: memory.projections, attention: memory.attention, headInverses: memory.headInverses, headInputs: nil)
        attentionForward(index, block, positions: batch.positions) {
            store(index, batch, memory)
            attend(index, batch, memory)
        }
    }

    /// Puts the new keys and values into the cache. A copy of a block is made behind what was stored before it.
    private func store(_ index: Int, _ batch: StepBatch, _ memory: Memory) {
        for stretch in batch.stretches {
            if let copy = stretch.copy { cache.copy(copy.source, to: copy.target, layer: index) }
            for (place, row) in stretch.rows.enumerated() {
                let position = stretch.start + place
                let keys = memory.projections + row * configuration.projectionSize + configuration.attentionSize
                decant_block_store(
                    cache.base(stretch.blocks[position / CacheBlocks.tokens], layer: index), position % CacheBlocks.tokens,
                    keys, keys + configuration.keyValueSize, configuration.attentionShape)
            }
        }
    }

    /// Queries → the heads' outputs [T, heads·d].
    private func attend(_ index: Int, _ batch: StepBatch, _ memory: Memory) {
        let (heads, shape) = (configuration.keyValueHeadCount, configuration.attentionShape)
        let pieces = batch.stretches.enumerated().flatMap { number, stretch in
            stride(from: stretch.rows.lowerBound, to: stretch.rows.upperBound, by: Self.queryRows).map {
                (stretch: number, rows: $0..<min($0 + Self.queryRows, stretch.rows.upperBound))
            }
        }
        let tables = batch.stretches.map { $0.blocks.map { Optional(cache.base($0, layer: index)) } }
        workers.forEach(pieces.count * heads) { unit in
            let (number, rows) = pieces[unit / heads]
            let stretch = batch.stretches[number]
            let before = stretch.start + rows.lowerBound - stretch.rows.lowerBound
            decant_attention_blocks(
                memory.projections + rows.lowerBound * configuration.projectionSize, configuration.projectionSize,
                memory.attention + rows.lowerBound * configuration.attentionSize, configuration.attentionSize, tables[number],
                before, rows.count, unit % heads, shape, decant_vectors())
        }
    }
}
