import CKernels
import Foundation

/// A BERT encoder that turns a text into a vector of length 1: the normalized mean of its tokens' hidden states.
///
/// A text's vector depends only on this text: not on other texts, threads or the width of the processor's vectors.
package struct SentenceEncoder {
    package let configuration: EncoderConfiguration
    package let tokenizer: WordPieceTokenizer
    /// Largest number of tokens of a text; longer texts are cut off.
    package let sequenceLimit: Int
    let layout: EncoderLayout
    let weights: FloatBuffer
    let layers: [EncoderLayer]

    /// Texts that a worker encodes at a time.
    private static let group = 16

    /// Reads the encoder of a folder: `config.json`, safetensors, `tokenizer.json` or `vocab.txt`.
    package init(readingFolder url: URL, workers: WorkerPool) throws {
        let folder = EncoderFolder(url)
        configuration = try folder.configuration()
        tokenizer = try folder.tokenizer()
        if let id = tokenizer.largestID, id >= configuration.vocabularySize {
            throw ModelFileError(
                file: "config.json",
                reason: "vocab_size is \(configuration.vocabularySize), but the tokenizer has the token \(id)")
        }
        sequenceLimit = try folder.sequenceLimit(configuration)
        try folder.checkThatTheMeanIsAsked()
        layout = EncoderLayout(configuration)
        let weights = try folder.weights(of: layout)
        self.weights = weights
        let configuration = configuration
        layers = layout.layers.map { EncoderLayer($0, configuration, weights: weights, workers: workers) }
    }

    /// The vectors of texts, in order.
    package func embeddings(
        of texts: [String], workers: WorkerPool, checkpoint: ResultCheckpoint<SentenceEmbedding> = .none
    ) throws -> [SentenceEmbedding] {
        try workers.results(texts.count, size: Self.group, checkpoint: checkpoint) { range in
            embed(texts[range].map { tokenizer.encode($0, atMost: sequenceLimit) })
        }
    }

    /// The vectors of sequences, each of at least one token.
    private func embed(_ sequences: [[Int32]]) -> [SentenceEmbedding] {
        let hidden = configuration.hiddenSize
        let lengths = sequences.map(\.count)
        let rows = lengths.reduce(0, +)
        let scratch = EncoderScratch(rows: rows, longest: lengths.max() ?? 0, configuration)
        return withExtendedLifetime((scratch, weights)) {
            embedTokens(sequences, scratch)
            for layer in layers { layer.forward(lengths, scratch) }
            var start = 0
            return lengths.map { length in
                defer { start += length }
                return Self.mean(scratch.hidden + start * hidden, rows: length, columns: hidden)
            }
        }
    }

    /// Tokens → norm(word + position + segment) [T, D].
    private func embedTokens(_ sequences: [[Int32]], _ scratch: EncoderScratch) {
        let hidden = configuration.hiddenSize
        var row = scratch.hidden
        for sequence in sequences {
            for (position, token) in sequence.enumerated() {
                row.update(from: weights.base + layout.words + Int(token) * hidden, count: hidden)
                decant_add(row, weights.base + layout.segments, hidden)
                decant_add(row, weights.base + layout.positions + position * hidden, hidden)
                row += hidden
            }
        }
        decant_layernorm(
            scratch.hidden, weights.base + layout.embeddingNorm.weight, weights.base + layout.embeddingNorm.bias,
            scratch.hidden, scratch.rows, hidden, Float(configuration.normEpsilon))
    }

    private static func mean(_ x: UnsafePointer<Float>, rows: Int, columns: Int) -> SentenceEmbedding {
        var mean = [Float](repeating: 0, count: columns)
        decant_sum_rows(x, &mean, rows, columns, 0)
        decant_scale(&mean, 1 / Float(rows), columns)
        let length = decant_sum_of_squares(mean, columns).squareRoot()
        decant_scale(&mean, Float(1 / max(length, 1e-12)), columns)
        return SentenceEmbedding(mean)
    }
}

/// The embedding of a text: a vector of length 1.
package struct SentenceEmbedding: Hashable, Sendable {
    package let values: [Float]

    package init(_ values: [Float]) { self.values = values }

    /// The cosine similarity with another embedding of the same encoder.
    package func similarity(to other: SentenceEmbedding) -> Double {
        decant_dot(values, other.values, min(values.count, other.values.count))
    }
}
