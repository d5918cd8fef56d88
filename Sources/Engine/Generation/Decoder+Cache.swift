import CKernels

extension Decoder {
    /// Reads whole prompts: tokens [T] → logits of their last positions [sequences, V]; fills the caches.
    func prefill(_ batch: PackedBatch, _ a: Activations, caches: [KeyValueCache]) {
        embeddingForward(batch, a)
        for index in 0..<configuration.layerCount {
            attentionForward(index, batch, a)
            for (sequence, cache) in caches.enumerated() {
                for (position, row) in batch.rows(ofSequence: sequence).enumerated() {
                    cache.store(newKeys(a.layers[index], row: row), layer: index, position: position)
                }
            }
            feedForwardForward(index, batch, a)
        }
        headForward(batch, a)
        for (sequence, cache) in caches.enumerated() { cache.length = batch.rows(ofSequence: sequence).count }
    }

    /// Reads one more token of every sequence: tokens [B] → logits [B, V]; appends to the caches.
    func decode(_ batch: PackedBatch, _ a: Activations, caches: [KeyValueCache], scores: UnsafeMutablePointer<Float>) {
        embeddingForward(batch, a)
        for index in 0..<configuration.layerCount {
            let layer = a.layers[index]
            projectionsForward(index, batch, a)
            for (row, cache) in caches.enumerated() {
                cache.store(newKeys(layer, row: row), layer: index, position: cache.length)
                decant_attention_cached(
                    layer.projections + row * configuration.projectionSize, cache.keys(index), cache.values(index),
                    layer.attention + row * configuration.attentionSize, cache.length + 1, configuration.attentionShape, scores)
            }
            attentionOutputForward(index, batch, a)
            feedForwardForward(index, batch, a)
        }
        headForward(batch, a)
        for cache in caches { cache.length += 1 }
    }

    /// A row's keys, with its values behind them.
    private func newKeys(_ layer: Activations.Layer, row: Int) -> UnsafeMutablePointer<Float> {
        layer.projections + row * configuration.projectionSize + configuration.attentionSize
    }
}
