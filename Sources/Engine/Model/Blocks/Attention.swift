import CKernels

/// Causal self-attention over groups of heads: input [T, D] → sum [T, D] = input + norm(attention(norm(input))·Oᵀ). Most
/// families lack the outer norm, some the inner one.
struct Attention: Sendable {
    /// A family's names for the block's tensors in a layer, and which optional tensors it has.
    struct Tensors: Sendable {
        var norm: TensorName? = TensorName("input_layernorm", gguf: "attn_norm")
        var query = TensorName("self_attn.q_proj", gguf: "attn_q")
        var key = TensorName("self_attn.k_proj", gguf: "attn_k")
        var value = TensorName("self_attn.v_proj", gguf: "attn_v")
        /// Queries, keys and values as one tensor, in the place of three.
        var fused: TensorName?
        var output = TensorName("self_attn.o_proj", gguf: "attn_output")
        /// Whether queries, keys and values have a bias.
        var hasBias = false
        /// Norms of queries and keys, before the rotary embedding.
        var headNorms: HeadNorms?
        /// Of what the block adds.
        var outputNorm: TensorName?
    }

    /// Offsets from the layer's start.
    let norm: Int?
    /// Queries, keys and values: [(heads + 2·kvHeads)·d, D]
    let projections: LinearMap
    let bias: Int?
    /// Two vectors, of queries and of keys.
    let headNorms: Int?
    /// [D, heads·d]
    let output: LinearMap
    let outputNorm: Int?

    init(_ tensors: Tensors, in layout: inout LayoutBuilder) {
        norm = tensors.norm.map { layout.append($0, [.hidden], .norm) }
        let matrices = [
            (name: tensors.query, outputs: Axis.queries, isRotated: true), (tensors.key, .keyValues, true),
            (tensors.value, .keyValues, false),
        ]
        projections = layout.append(
            tensors.fused.map { [(name: $0, outputs: Axis.projections, isRotated: true)] } ?? matrices, reading: .attention)
        bias = tensors.hasBias ? layout.count : nil
        if tensors.hasBias {
            for matrix in matrices {
                layout.append(matrix.name, [matrix.outputs], .bias, kind: "bias", isRotated: matrix.isRotated)
            }
        }
        headNorms = tensors.headNorms.map { norms in
            defer { layout.append(norms.keys, [norms.spanHeads ? .keyValues : .head], .norm) }
            return layout.append(norms.queries, [norms.spanHeads ? .queries : .head], .norm)
        }
        output = layout.append([(tensors.output, .hidden, false)], reading: .output)
        outputNorm = tensors.outputNorm.map { layout.append($0, [.hidden], .norm) }
    }

    /// The memory that the block reads and writes in a pass.
    struct Memory {
        /// [T, D]; the last begins as the input, or is the input.
        let input, norm, sum: UnsafeMutablePointer<Float>
        /// 1/rms of each row.
        let inverse: UnsafeMutablePointer<Float>
        /// Queries, keys and values side by side [T, (heads + 2·kvHeads)·d]; the heads' outputs [T, heads·d].
        let projections, attention: UnsafeMutablePointer<Float>
        /// With norms of queries and keys: 1/rms of each [T, norms]. Queries and keys before them [T, (heads + kvHeads)·d], where a
        /// backward pass is to follow.
        let headInverses: UnsafeMutablePointer<Float>
        let headInputs: UnsafeMutablePointer<Float>?
        let branch: Branch
    }
}

extension ForwardPass {
    /// - Parameter attend: computes the heads' outputs from queries, keys and values.
    func attentionForward(_ index: Int, _ memory: Attention.Memory, positions: [Int32], attend: () -> Void) {
        let (block, start, rows) = (layout.attention, layout.start(ofLayer: index), positions.count)
        let (hidden, width) = (configuration.hiddenSize, configuration.projectionSize)
        let x = blockInput(
            memory.input, rows: rows, norm: block.norm.map { start + $0 }, into: memory.norm, inverse: memory.inverse,
            sum: memory.sum)
        multiply(
            MatrixView(x, rows, hidden), by: block.projections.from(start),
            into: MatrixView(memory.projections, rows, width), .replacing)
        let rotary = rotary[layer: index]
        forEachTurned(positions, memory.projections) { rows, x, positions in
            if let bias = block.bias { decant_add_bias(x, vector(at: start + bias), rows.count, width) }
            if let norms = block.headNorms { headNormsForward(rows, x, weights: start + norms, memory) }
            guard let rotary else { return }
            decant_rope(
                x, positions, rotary.cosines.base, rotary.sines.base, rows.count, width, configuration.rotatedHeadCount,
                configuration.headDimension, configuration.turnedChannels)
        }
        attend()
        addOutput(
            MatrixView(memory.attention, rows, configuration.attentionSize), by: block.output.from(start),
            norm: block.outputNorm.map { start + $0 }, memory.branch, to: memory.sum)
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
}

// MARK: Whole sequences

extension Decoder {
    /// Input [T, D] → middle [T, D].
    func attentionForward(_ index: Int, _ batch: PackedBatch, _ a: Activations) {
        let layer = a.layers[index]
        let memory = Attention.Memory(
            input: layer.input, norm: a.norm, sum: layer.middle, inverse: layer.inputInverse, projections: layer.projections,
            attention: layer.attention, headInverses: layer.headInverses, headInputs: layer.headInputs,
            branch: layer.attentionBranch)
        let shape = configuration.attentionShape(ofLayer: index)
        let units = batch.queryRanges(keyValueHeads: configuration.keyValueHeadCount)
        attentionForward(index, memory, positions: batch.positions) {
            workers.forEach(units.count) { index in
                let unit = units[index]
                let stretches = batch.stretches[unit.sequence]
                decant_attention(
                    layer.projections, layer.attention, layer.statistics, stretches, stretches.count,
                    unit.queries.lowerBound, unit.queries.upperBound, unit.keyValueHead, shape)
            }
        }
    }

    /// dHidden [T, D] of the middle → dHidden of the input.
    func attentionBackward(_ index: Int, _ batch: PackedBatch, _ a: Activations, _ gradients: Gradients) {
        let rows = batch.tokens.count
        let (layer, block, start) = (a.layers[index], layout.attention, layout.start(ofLayer: index))
        let attended = configuration.attentionSize
        let dOutput = outputBackward(
            rows: rows, norm: block.outputNorm.map { start + $0 }, layer.attentionBranch, a, gradients)
        multiplyBackward(
            dOutput, by: block.output.from(start), MatrixView(layer.attention, rows, attended),
            into: MatrixView(a.dAttention, rows, attended), gradients)
        let shape = configuration.attentionShape(ofLayer: index)
        let kvHeads = configuration.keyValueHeadCount
        workers.forEach(batch.trees.count * kvHeads) { unit in
            // The sequences of a tree add to the same keys and values, so they go one after the other.
            for sequence in batch.trees[unit / kvHeads] {
                let stretches = batch.stretches[sequence]
                decant_attention_backward(
                    layer.projections, layer.attention, layer.statistics, a.dAttention, a.dProjections, stretches,
                    stretches.count, unit % kvHeads, shape)
            }
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
            if let norm = block.norm {
                normAgain(layer.input, block: rows, weight: start + norm, into: a.norm, inverse: layer.inputInverse)
            }
        }
        let rotary = rotary[layer: index]
        forEachTurned(batch.positions, a.dProjections) { rows, dx, positions in
            if let rotary {
                decant_rope_backward(
                    dx, positions, rotary.cosines.base, rotary.sines.base, rows.count, width, configuration.rotatedHeadCount,
                    configuration.headDimension, configuration.turnedChannels)
            }
            if let norms = block.headNorms {
                headNormsBackward(rows, dx, weights: start + norms, layer, a)
            } else {
                rest(rows, dx)
            }
        }
        if let norms = block.headNorms {
            addPartialSums(rows: rows, columns: configuration.headNormWidth, to: start + norms, a, gradients)
            forEachTurned(batch.positions, a.dProjections) { rows, dx, _ in rest(rows, dx) }
        }
        if let bias = block.bias { addPartialSums(rows: rows, columns: width, to: start + bias, a, gradients) }
        multiplyBackward(
            MatrixView(a.dProjections, rows, width), by: block.projections.from(start),
            MatrixView(attentionInput(index, a), rows, hidden), into: MatrixView(a.dNorm, rows, hidden), gradients)
        blockInputBackward(
            layer.input, rows: rows, norm: block.norm.map { start + $0 }, inverse: layer.inputInverse, a, gradients)
    }

    /// What the projections of a layer read [T, D], while that layer is at work.
    func attentionInput(_ index: Int, _ a: Activations) -> UnsafeMutablePointer<Float> {
        layout.attention.norm == nil ? a.layers[index].input : a.norm
    }
}

extension PackedBatch {
    /// Independent work on attention: some of a sequence's own queries, by position, for the heads of one key/value head.
    fileprivate struct QueryRange {
        let sequence: Int
        let queries: Range<Int>
        let keyValueHead: Int
    }

    fileprivate func queryRanges(keyValueHeads: Int) -> [QueryRange] {
        // Several blocks of the kernel's 48, cut at the same positions wherever a sequence's own rows begin.
        let most = Int(decant_query_range)
        return (0..<sequenceCount).flatMap { sequence -> [QueryRange] in
            let own = ownPositions(ofSequence: sequence)
            return stride(from: own.lowerBound / most * most, to: own.upperBound, by: most).flatMap { start -> [QueryRange] in
                let queries = max(start, own.lowerBound)..<min(own.upperBound, start + most)
                return (0..<keyValueHeads).map { QueryRange(sequence: sequence, queries: queries, keyValueHead: $0) }
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
            projections: memory.projections, attention: memory.attention, headInverses: memory.headInverses, headInputs: nil,
            branch: memory.branch)
        attentionForward(index, block, positions: batch.positions) {
            store(index, batch, memory)
            attend(index, batch, memory)
        }
    }

    /// Puts the new keys and values into the cache. A copy of a block is made behind what was stored before it.
    private func store(_ index: Int, _ batch: StepBatch, _ memory: Memory) {
        let shape = configuration.attentionShape(ofLayer: index)
        for stretch in batch.stretches {
            if let copy = stretch.copy { cache.copy(copy.source, to: copy.target, layer: index) }
            for (place, row) in stretch.rows.enumerated() {
                let position = stretch.start + place
                let keys = memory.projections + row * configuration.projectionSize + configuration.attentionSize
                cache.store(
                    keys, keys + configuration.keyValueSize, in: stretch.blocks[position / CacheBlocks.tokens],
                    at: position % CacheBlocks.tokens, layer: index, shape)
            }
        }
    }

    /// Queries → the heads' outputs [T, heads·d].
    private func attend(_ index: Int, _ batch: StepBatch, _ memory: Memory) {
        let (heads, shape) = (configuration.keyValueHeadCount, configuration.attentionShape(ofLayer: index))
        let pieces = batch.stretches.enumerated().flatMap { number, stretch in
            stride(from: stretch.rows.lowerBound, to: stretch.rows.upperBound, by: Self.queryRows).map {
                (stretch: number, rows: $0..<min($0 + Self.queryRows, stretch.rows.upperBound))
            }
        }
        let tables = batch.stretches.map { $0.blocks.map { Optional(cache.base($0, layer: index)) } }
        let attention = cache.precision == .int8 ? decant_attention_code_blocks : decant_attention_blocks
        workers.forEach(pieces.count * heads) { unit in
            let (number, rows) = pieces[unit / heads]
            let stretch = batch.stretches[number]
            let before = stretch.start + rows.lowerBound - stretch.rows.lowerBound
            attention(
                memory.projections + rows.lowerBound * configuration.projectionSize, configuration.projectionSize,
                memory.attention + rows.lowerBound * configuration.attentionSize, configuration.attentionSize, tables[number],
                before, rows.count, unit % heads, shape, decant_vectors())
        }
    }
}
