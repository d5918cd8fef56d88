import CKernels

/// Sequences on their way through a model's layers, read together: their hidden states between one step and the next.
final class CalibrationGroup {
    private let batch: PackedBatch
    private let decoder: Decoder
    /// [T, D]: entering a layer, or, after `attend`, between its attention and its feed-forward.
    private let hidden: FloatBuffer

    /// - Parameter arena: working memory that groups share, one at a time.
    init(_ sequences: ArraySlice<[Int32]>, _ decoder: Decoder, in arena: Arena) {
        batch = PackedBatch(reading: sequences)
        self.decoder = decoder
        hidden = FloatBuffer(count: batch.tokens.count * decoder.configuration.hiddenSize)
        let a = Activations(decoder.configuration, batch, keeping: .nothing, logitRows: 0, in: arena)
        decoder.embeddingForward(batch, a)
        hidden.base.update(from: a.layers[0].input, count: hidden.count)
    }

    /// Calls `body` with the heads' outputs [T, heads·d] of a layer, and T.
    func withHeadOutputs(ofLayer layer: Int, in arena: Arena, _ body: (UnsafeMutablePointer<Float>, Int) -> Void) {
        body(attention(layer, in: arena).layers[layer].attention, batch.tokens.count)
    }

    /// Through a layer's attention.
    func attend(layer: Int, in arena: Arena) {
        hidden.base.update(from: attention(layer, in: arena).layers[layer].middle, count: hidden.count)
    }

    /// Calls `body` with silu(gate)·up [T, intermediate] of a layer, and T.
    func withNeurons(ofLayer layer: Int, in arena: Arena, _ body: (UnsafeMutablePointer<Float>, Int) -> Void) {
        body(feedForward(layer, in: arena).gated, batch.tokens.count)
    }

    /// Through a layer's feed-forward, to the next layer.
    func advance(layer: Int, in arena: Arena) {
        hidden.base.update(from: feedForward(layer, in: arena).output(ofLayer: layer), count: hidden.count)
    }

    private func attention(_ layer: Int, in arena: Arena) -> Activations {
        let a = Activations(decoder.configuration, batch, keeping: .nothing, logitRows: 0, in: arena)
        a.layers[layer].input.update(from: hidden.base, count: hidden.count)
        decoder.attentionForward(layer, batch, a)
        return a
    }

    private func feedForward(_ layer: Int, in arena: Arena) -> Activations {
        let a = Activations(decoder.configuration, batch, keeping: .nothing, logitRows: 0, in: arena)
        a.layers[layer].middle.update(from: hidden.base, count: hidden.count)
        decoder.feedForwardForward(layer, batch, a)
        return a
    }
}
