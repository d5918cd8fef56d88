import CKernels

/// Reads the tokens of a step: stores their keys and values in the cache, and gives logits where a next token is asked for.
///
/// Every value of a row is computed in one order that depends on the row's sequence alone: not on how it was cut into steps,
/// on the other rows, nor on the threads. T rows, P predicted ones, hidden size D, vocabulary V.
final class StepDecoder {
    let weights: InferenceWeights
    let cache: CacheBlocks
    let workers: WorkerPool
    private let rotary: RotaryTable
    private let arena = Arena()

    var configuration: ModelConfiguration { weights.configuration }

    /// For sequences of at most `positions` tokens.
    init(_ weights: InferenceWeights, cache: CacheBlocks, positions: Int, workers: WorkerPool) {
        self.weights = weights
        self.cache = cache
        self.workers = workers
        rotary = RotaryTable(weights.configuration, positions: positions)
    }

    /// The step's working memory.
    struct Memory {
        /// [T, D]; [T, D]; [T]
        let hidden, normalized, inverse: UnsafeMutablePointer<Float>
        /// [T, (heads + 2·kvHeads)·d]; [T, heads·d]
        let projections, attention: UnsafeMutablePointer<Float>
        /// [T, 2·intermediate]; [T, intermediate]
        let gateUp, gated: UnsafeMutablePointer<Float>
        /// [P, V]
        let logits: UnsafeMutablePointer<Float>
    }

    /// Logits [P, V], valid until the next step.
    func read(_ batch: StepBatch) -> UnsafeMutablePointer<Float> {
        let memory = memory(for: batch)
        let (rows, hidden) = (batch.tokens.count, configuration.hiddenSize)
        for (row, token) in batch.tokens.enumerated() { weights.embed(token, into: memory.hidden + row * hidden) }
        for (index, layer) in weights.layers.enumerated() {
            attend(index, layer, batch, memory)
            feedForward(layer, rows: rows, memory)
        }
        return logits(batch, memory)
    }

    private func memory(for batch: StepBatch) -> Memory {
        let (rows, hidden) = (batch.tokens.count, configuration.hiddenSize)
        let p = arena.cut([
            rows * hidden, rows * hidden, rows, rows * configuration.projectionSize, rows * configuration.attentionSize,
            rows * 2 * configuration.intermediateSize, rows * configuration.intermediateSize,
            batch.predictedRows.count * configuration.vocabularySize,
        ])
        return Memory(
            hidden: p[0], normalized: p[1], inverse: p[2], projections: p[3], attention: p[4], gateUp: p[5], gated: p[6],
            logits: p[7])
    }

    /// Hidden states → normalized ones.
    private func normalize(_ norm: FloatBuffer, rows: Int, _ memory: Memory) {
        let hidden = configuration.hiddenSize
        forEachRow(rows) { range in
            let offset = range.lowerBound * hidden
            decant_rmsnorm(
                memory.hidden + offset, norm.base, memory.normalized + offset, memory.inverse + range.lowerBound, range.count,
                hidden, Float(configuration.normEpsilon))
        }
    }

    /// Hidden states [T, D] += attention(norm(hidden))·Oᵀ.
    private func attend(_ index: Int, _ layer: InferenceWeights.Layer, _ batch: StepBatch, _ memory: Memory) {
        let (rows, hidden, width) = (batch.tokens.count, configuration.hiddenSize, configuration.projectionSize)
        normalize(layer.inputNorm, rows: rows, memory)
        layer.projections.product(
            MatrixView(memory.normalized, rows, hidden), into: MatrixView(memory.projections, rows, width), workers: workers)
        let turned = configuration.headCount + configuration.keyValueHeadCount
        forEachRow(rows) { range in
            let start = memory.projections + range.lowerBound * width
            if configuration.hasAttentionBias { decant_add_bias(start, layer.bias.base, range.count, width) }
            batch.positions.withUnsafeBufferPointer { positions in
                guard let positions = positions.baseAddress else { return }
                decant_rope(
                    start, positions + range.lowerBound, rotary.cosines.base, rotary.sines.base, range.count, width, turned,
                    configuration.headDimension)
            }
        }
        store(index, batch, memory)
        attention(index, batch, memory)
        layer.output.product(
            MatrixView(memory.attention, rows, configuration.attentionSize), into: MatrixView(memory.hidden, rows, hidden),
            .adding, workers: workers)
    }

    /// Puts the new keys and values into the cache. A copy of a block is made behind what was stored before it.
    private func store(_ index: Int, _ batch: StepBatch, _ memory: Memory) {
        let keyValueSize = configuration.keyValueHeadCount * configuration.headDimension
        for stretch in batch.stretches {
            if let copy = stretch.copy { cache.copy(copy.source, to: copy.target, layer: index) }
            for (place, row) in stretch.rows.enumerated() {
                let position = stretch.start + place
                let keys = memory.projections + row * configuration.projectionSize + configuration.attentionSize
                decant_block_store(
                    cache.base(stretch.blocks[position / CacheBlocks.tokens], layer: index), position % CacheBlocks.tokens,
                    keys,
                    keys + keyValueSize, configuration.attentionShape)
            }
        }
    }

    /// Queries → the heads' outputs [T, heads·d].
    private func attention(_ index: Int, _ batch: StepBatch, _ memory: Memory) {
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

    /// Hidden states [T, D] += (silu(gate)·up)·Wᵀ, gate and up of norm(hidden).
    private func feedForward(_ layer: InferenceWeights.Layer, rows: Int, _ memory: Memory) {
        let (hidden, intermediate) = (configuration.hiddenSize, configuration.intermediateSize)
        normalize(layer.postNorm, rows: rows, memory)
        let x = MatrixView(memory.normalized, rows, hidden)
        let gateUp = MatrixView(memory.gateUp, rows, 2 * intermediate)
        let (gateInput, upInput) = (layer.gate.operand(x, workers: workers), layer.up.operand(x, workers: workers))
        workers.forEach(layer.gate.tileCount) { tile in
            let columns = layer.gate.columns(ofTile: tile)
            layer.gate.multiply(tile: tile, gateInput, into: gateUp, .replacing)
            layer.up.multiply(
                tile: tile, upInput, into: gateUp.columns(from: intermediate, count: intermediate), .replacing)
            decant_swiglu_columns(memory.gateUp, memory.gated, rows, intermediate, columns.lowerBound, columns.count)
        }
        layer.down.product(
            MatrixView(memory.gated, rows, intermediate), into: MatrixView(memory.hidden, rows, hidden), .adding,
            workers: workers)
    }

    /// Hidden states → logits of the predicted rows [P, V].
    private func logits(_ batch: StepBatch, _ memory: Memory) -> UnsafeMutablePointer<Float> {
        let (count, hidden) = (batch.predictedRows.count, configuration.hiddenSize)
        // Predicted rows rise, so each one moves to a place that is not needed any more.
        for (place, row) in batch.predictedRows.enumerated() where place != row {
            (memory.hidden + place * hidden).update(from: memory.hidden + row * hidden, count: hidden)
        }
        normalize(weights.finalNorm, rows: count, memory)
        weights.head.product(
            MatrixView(memory.normalized, count, hidden),
            into: MatrixView(memory.logits, count, configuration.vocabularySize), workers: workers)
        return memory.logits
    }

    /// Rows of one sequence that are attended for together.
    private static let queryRows = 8

    /// Rows that are worth a unit of their own where the work on each is small.
    private func forEachRow(_ rows: Int, _ body: (Range<Int>) -> Void) { workers.forEachRange(rows, size: 8, body) }
}

/// The tokens that are read in one step: stretches of different sequences, some of a prompt, some a single chosen token.
struct StepBatch {
    /// Consecutive tokens of one sequence.
    struct Stretch {
        var rows: Range<Int>
        /// Tokens of the sequence before the first row.
        var start: Int
        /// Of the whole sequence up to the last row.
        var blocks: [Int]
        /// To be made before the rows are stored.
        var copy: BlockCopy?
    }

    private(set) var tokens: [Int32] = []
    private(set) var positions: [Int32] = []
    private(set) var stretches: [Stretch] = []
    /// Rows whose next token is asked for.
    private(set) var predictedRows: [Int] = []

    mutating func append(
        _ stretch: some Collection<Int32>, at start: Int, blocks: [Int], copy: BlockCopy?, predictsNext: Bool
    ) {
        let rows = tokens.count..<tokens.count + stretch.count
        tokens.append(contentsOf: stretch)
        positions.append(contentsOf: Int32(start)..<Int32(start + stretch.count))
        stretches.append(Stretch(rows: rows, start: start, blocks: blocks, copy: copy))
        if predictsNext { predictedRows.append(rows.upperBound - 1) }
    }
}
