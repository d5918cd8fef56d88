/// The transformer as functions over memory that others own: weights, activations, gradients.
///
/// Each step is a pair: `xForward` and, beside it, `xBackward`, which adds to the gradients of the weights. Shapes on line
/// one: T tokens of a packed batch, P predicted rows, hidden size D, intermediate size I, vocabulary V. Work is shared among
/// the workers within each step; no result depends on them.
struct Decoder {
    let configuration: ModelConfiguration
    let layout: DecoderLayout
    let weights: FloatBuffer
    /// Of inference alone: what is packed is not trained.
    let packed: PackedWeights
    let rotary: RotaryTable
    let workers: WorkerPool
    /// Of the products with float weights.
    let products: ProductPrecision

    /// For sequences of at most `positions` tokens.
    init(
        _ layout: DecoderLayout, weights: FloatBuffer, packed: PackedWeights = PackedWeights(), positions: Int,
        workers: WorkerPool, products: ProductPrecision = .float32
    ) {
        configuration = layout.configuration
        self.layout = layout
        self.weights = weights
        self.packed = packed
        self.workers = workers
        self.products = products
        rotary = RotaryTable(layout.configuration, positions: positions)
    }

    /// Tokens [T] → logits [P, V].
    func forward(_ batch: PackedBatch, _ a: Activations) {
        hiddenStates(batch, a)
        headForward(batch, a)
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
                gateUpForward(index, batch, a)
            }
            feedForwardBackward(index, batch, a, gradients)
            attentionBackward(index, batch, a, gradients)
        }
        embeddingBackward(batch, a, gradients)
    }
}
