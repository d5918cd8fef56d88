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
struct PackedBatch {
    private(set) var tokens: [Int32] = []
    /// The position of each token in its sequence.
    private(set) var positions: [Int32] = []
    /// Where each sequence starts, and where the last one ends.
    private(set) var offsets: [Int32] = [0]
    /// The rows of `tokens` whose next token is predicted.
    private(set) var predictedRows: [Int32] = []
    private(set) var longest = 0

    var sequenceCount: Int { offsets.count - 1 }

    /// Adds a sequence. Logits are needed at its positions `predicted`.
    mutating func append(_ sequence: some Collection<Int32>, predicting predicted: Range<Int>) {
        let start = Int32(tokens.count)
        tokens.append(contentsOf: sequence)
        positions.append(contentsOf: 0..<Int32(sequence.count))
        offsets.append(Int32(tokens.count))
        predictedRows.append(contentsOf: predicted.map { start + Int32($0) })
        longest = max(longest, sequence.count)
    }
}
