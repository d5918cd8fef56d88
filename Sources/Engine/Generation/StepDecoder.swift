/// Reads the tokens of a step: it stores their keys and values in the cache and returns logits where a token is predicted.
///
/// The order of operations for a row depends only on the row's sequence: not on its division into steps, on other rows or on
/// threads. T rows, P predicted rows, hidden size D, vocabulary V.
final class StepDecoder {
    let weights: InferenceWeights
    let cache: CacheBlocks
    let workers: WorkerPool
    let layout: DecoderLayout
    let configuration: ModelConfiguration
    let rotary: RotaryTables
    private let arena = Arena()
    /// Tokens that were read so far; what sequences share counts once.
    private(set) var readTokens = 0

    /// A decoder for sequences of at most `positions` tokens.
    init(_ weights: InferenceWeights, cache: CacheBlocks, positions: Int, workers: WorkerPool) {
        (self.weights, self.cache, self.workers) = (weights, cache, workers)
        layout = weights.layout
        configuration = weights.layout.configuration
        rotary = RotaryTables(configuration, positions: positions)
    }

    /// Working memory of a step.
    struct Memory {
        /// [T, D]; [T, D]; [T]
        let hidden, normalized, inverse: UnsafeMutablePointer<Float>
        /// [T, (heads + 2·kvHeads)·d]; [T, heads·d]; [T, norms], where queries and keys have norms
        let projections, attention, headInverses: UnsafeMutablePointer<Float>
        /// [T, 2·intermediate]; [T, intermediate]
        let gateUp, gated: UnsafeMutablePointer<Float>
        /// [P, V]
        let logits: UnsafeMutablePointer<Float>

        /// What a block adds is in the memory of what it read.
        var branch: Branch { Branch(values: normalized, inverse: inverse) }
    }

    /// Logits [P, V], valid until the next step.
    func read(_ batch: StepBatch) -> UnsafeMutablePointer<Float> {
        readTokens += batch.tokens.count
        let memory = memory(for: batch)
        embeddingForward(batch, memory)
        for index in 0..<configuration.layerCount {
            attentionForward(index, batch, memory)
            feedForwardForward(index, rows: batch.tokens.count, memory)
        }
        headForward(batch, memory)
        return memory.logits
    }

    private func memory(for batch: StepBatch) -> Memory {
        let (rows, hidden) = (batch.tokens.count, configuration.hiddenSize)
        let p = arena.cut([
            rows * hidden, rows * hidden, rows, rows * configuration.projectionSize, rows * configuration.attentionSize,
            rows * configuration.headNormCount, rows * 2 * configuration.intermediateSize,
            rows * configuration.intermediateSize, batch.predictedRows.count * configuration.vocabularySize,
        ])
        return Memory(
            hidden: p[0], normalized: p[1], inverse: p[2], projections: p[3], attention: p[4], headInverses: p[5],
            gateUp: p[6], gated: p[7], logits: p[8])
    }
}

extension StepDecoder: ForwardPass {
    /// Few, because the rows of a step are few.
    static let rowBlock = 8

    func vector(at offset: Int) -> UnsafePointer<Float> { weights.vector(at: offset) }

    func multiply(_ x: MatrixView, by map: LinearMap, into y: MatrixView, _ accumulation: MatrixMultiply.Accumulation) {
        weights.panels(of: map).product(x, into: y, accumulation, workers: workers)
    }
}

/// The tokens of one step: consecutive tokens of several sequences, parts of a prompt or a single chosen token.
struct StepBatch {
    /// Consecutive tokens of one sequence.
    struct Stretch {
        var rows: Range<Int>
        /// Tokens of the sequence before the first row.
        var start: Int
        /// Cache blocks of the sequence up to the last row.
        var blocks: [Int]
        /// The copy to make before the rows are stored.
        var copy: BlockCopy?
    }

    private(set) var tokens: [Int32] = []
    private(set) var positions: [Int32] = []
    private(set) var stretches: [Stretch] = []
    /// Rows whose next token is predicted.
    private(set) var predictedRows: [Int] = []

    /// - Parameter predicted: how many of the stretch's last rows predict a token.
    mutating func append(
        _ stretch: some Collection<Int32>, at start: Int, blocks: [Int], copy: BlockCopy?, predicting predicted: Int
    ) {
        let rows = tokens.count..<tokens.count + stretch.count
        tokens.append(contentsOf: stretch)
        positions.append(contentsOf: Int32(start)..<Int32(start + stretch.count))
        stretches.append(Stretch(rows: rows, start: start, blocks: blocks, copy: copy))
        predictedRows += rows.suffix(predicted)
    }
}
