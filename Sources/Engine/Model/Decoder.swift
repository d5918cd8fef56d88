import CKernels

/// The transformer as functions over memory that others own: weights, activations, gradients.
///
/// Each step is a pair: `xForward` and, beside it, `xBackward`, which adds to the gradients of the weights. Shapes on line
/// one: T tokens of a packed batch, P predicted rows, hidden size D, intermediate size I, vocabulary V. Work is shared among
/// the workers within each step; no result depends on them.
struct Decoder {
    let configuration: ModelConfiguration
    let layout: DecoderLayout
    let weights: FloatBuffer
    /// Only inference has packed weights: training needs floats.
    let packed: PackedWeights
    let rotary: RotaryTables
    let workers: WorkerPool
    /// The precision of products with float weights.
    let products: ProductPrecision

    /// For sequences of at most `positions` tokens.
    init(
        _ layout: DecoderLayout, weights: FloatBuffer, packed: PackedWeights = PackedWeights(), positions: Int,
        workers: WorkerPool, products: ProductPrecision = .float32
    ) {
        configuration = layout.configuration
        (self.layout, self.weights, self.packed, self.workers, self.products) = (layout, weights, packed, workers, products)
        rotary = RotaryTables(layout.configuration, positions: positions)
    }

    /// Tokens [T] → hidden states behind the last layer [T, D].
    func hiddenStates(_ batch: PackedBatch, _ a: Activations) {
        embeddingForward(batch, a)
        for index in 0..<configuration.layerCount {
            attentionForward(index, batch, a)
            feedForwardForward(index, batch, a)
        }
    }

    /// dHidden [T, D] of the hidden states behind the last layer → the gradients of embedding and layers.
    func backward(_ batch: PackedBatch, _ a: Activations, _ gradients: Gradients) {
        for index in (0..<configuration.layerCount).reversed() {
            if a.retention == .inputs {
                attentionForward(index, batch, a)
                feedForwardAgain(index, batch, a)
            }
            feedForwardBackward(index, batch, a, gradients)
            attentionBackward(index, batch, a, gradients)
        }
        embeddingBackward(batch, a, gradients)
    }
}

/// Sequences of different lengths, one after the other without padding, and the rows whose logits are needed.
///
/// A sequence that begins like an earlier one may read that one's rows, so that its batch has rows only for what follows.
struct PackedBatch {
    private(set) var tokens: [Int32] = []
    /// The position of each token in its sequence.
    private(set) var positions: [Int32] = []
    /// Where the positions of each sequence lie among the rows; the last stretch is the sequence's own.
    private(set) var stretches: [[decant_stretch]] = []
    /// Sequences that read rows of each other, in their order, as lists that have each sequence once.
    private(set) var trees: [[Int]] = []
    /// The rows of `tokens` whose next token is predicted.
    private(set) var predictedRows: [Int32] = []
    private(set) var longest = 0
    /// The tree of each sequence.
    private var treeOfSequence: [Int] = []

    var sequenceCount: Int { stretches.count }

    /// Adds a sequence. Logits are needed at its positions `predicted`.
    ///
    /// - Parameter start: of an earlier sequence, the beginning that is this one's too, up to the first predicted position at
    ///   most.
    mutating func append(
        _ sequence: some Collection<Int32>, predicting predicted: Range<Int>, after start: SharedStarts.Start? = nil
    ) {
        let (shared, first, number) = (start?.count ?? 0, tokens.count, stretches.count)
        tokens.append(contentsOf: sequence.dropFirst(shared))
        positions.append(contentsOf: Int32(shared)..<Int32(sequence.count))
        predictedRows.append(contentsOf: predicted.map { Int32(first + $0 - shared) })
        longest = max(longest, sequence.count)
        let own = decant_stretch(first_row: first, count: sequence.count - shared)
        guard let start else {
            stretches.append([own])
            treeOfSequence.append(trees.count)
            trees.append([number])
            return
        }
        let path = beginning(start) + [own]
        let tree = treeOfSequence[start.sequence]
        stretches.append(path)
        treeOfSequence.append(tree)
        trees[tree].append(number)
    }

    /// The first positions of a sequence.
    private func beginning(_ start: SharedStarts.Start) -> [decant_stretch] {
        var left = start.count
        var path: [decant_stretch] = []
        for stretch in stretches[start.sequence] where left > 0 {
            path.append(decant_stretch(first_row: stretch.first_row, count: min(left, stretch.count)))
            left -= min(left, stretch.count)
        }
        return path
    }

    /// The positions of a sequence that have rows of its own.
    func ownPositions(ofSequence index: Int) -> Range<Int> {
        let end = stretches[index].reduce(0) { $0 + $1.count }
        return end - (stretches[index].last?.count ?? 0)..<end
    }
}
