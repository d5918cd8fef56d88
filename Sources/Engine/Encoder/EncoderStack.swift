import CKernels

/// An encoder's embeddings and layers, packed to be run.
///
/// A sequence's states depend only on this sequence: not on others beside it, on threads or on the width of the processor's
/// vectors.
struct EncoderStack {
    let configuration: EncoderConfiguration
    let layout: EncoderLayout
    let weights: FloatBuffer
    private let layers: [EncoderLayer]

    /// Sequences that a worker reads at a time.
    static let group = 16

    init(_ configuration: EncoderConfiguration, _ layout: EncoderLayout, weights: FloatBuffer, workers: WorkerPool) {
        (self.configuration, self.layout, self.weights) = (configuration, layout, weights)
        layers = layout.layers.map { EncoderLayer($0, configuration, weights: weights, workers: workers) }
    }

    /// Calls `body` with the hidden states [T, D] of sequences, each of at least one token, after the last layer.
    func withHiddenStates<Result>(
        of sequences: [[Int32]], _ body: (UnsafeMutablePointer<Float>) -> Result
    ) -> Result {
        let lengths = sequences.map(\.count)
        let scratch = EncoderScratch(
            rows: lengths.reduce(0, +), longest: lengths.max() ?? 0, configuration)
        return withExtendedLifetime((scratch, weights)) {
            layout.embed(sequences, weights: weights, into: scratch.hidden, hiddenSize: configuration.hiddenSize)
            layout.normalizeEmbeddings(scratch.hidden, into: scratch.hidden, rows: scratch.rows, weights, configuration)
            for layer in layers { layer.forward(lengths, scratch) }
            return body(scratch.hidden)
        }
    }
}

extension EncoderLayout {
    /// Tokens → word + position + segment [T, D].
    func embed(_ sequences: [[Int32]], weights: FloatBuffer, into x: UnsafeMutablePointer<Float>, hiddenSize hidden: Int) {
        var row = x
        for sequence in sequences {
            for (position, token) in sequence.enumerated() {
                row.update(from: weights.base + words + Int(token) * hidden, count: hidden)
                decant_add(row, weights.base + segments, hidden)
                decant_add(row, weights.base + positions + position * hidden, hidden)
                row += hidden
            }
        }
    }

    /// norm(x) [T, D]; the two may be the same.
    func normalizeEmbeddings(
        _ x: UnsafeMutablePointer<Float>, into y: UnsafeMutablePointer<Float>, rows: Int, _ weights: FloatBuffer,
        _ configuration: EncoderConfiguration
    ) {
        decant_layernorm(
            x, weights.base + embeddingNorm.weight, weights.base + embeddingNorm.bias, y, rows, configuration.hiddenSize,
            Float(configuration.normEpsilon))
    }
}
