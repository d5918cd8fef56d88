/// The transformer as functions over memory that others own: weights, activations, gradients.
///
/// Each step is a pair: `xForward` and, beside it, `xBackward`, which adds to the gradients of the weights. Shapes on line
/// one: T tokens of a packed batch, P predicted rows, hidden size D, intermediate size I, vocabulary V.
struct Decoder {
    let configuration: ModelConfiguration
    let layout: DecoderLayout
    let weights: FloatBuffer
    /// Of inference alone: what is packed is not trained.
    let packed: PackedWeights
    let rotary: RotaryTable

    /// For sequences of at most `positions` tokens.
    init(_ layout: DecoderLayout, weights: FloatBuffer, packed: PackedWeights = PackedWeights(), positions: Int) {
        configuration = layout.configuration
        self.layout = layout
        self.weights = weights
        self.packed = packed
        rotary = RotaryTable(layout.configuration, positions: positions)
    }

    /// Tokens [T] → logits [P, V]; keeps in `a` what `backward` needs.
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

    /// dLogits [P, V], in place of the logits → adds to `gradients`, which lie as the weights do.
    func backward(_ batch: PackedBatch, _ a: Activations, gradients: UnsafeMutablePointer<Float>) {
        headBackward(batch, a, gradients)
        for index in (0..<configuration.layerCount).reversed() {
            feedForwardBackward(index, batch, a, gradients)
            attentionBackward(index, batch, a, gradients)
        }
        embeddingBackward(batch, a, gradients)
    }
}
