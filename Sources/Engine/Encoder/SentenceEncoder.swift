import CKernels
import Foundation

/// A BERT encoder that turns a text into a vector of length 1: the normalized mean of its tokens' hidden states.
///
/// A text's vector depends only on this text: not on other texts, threads or the width of the processor's vectors.
package struct SentenceEncoder {
    package let tokenizer: WordPieceTokenizer
    /// Largest number of tokens of a text; longer texts are cut off.
    package let sequenceLimit: Int
    private let stack: EncoderStack

    package var configuration: EncoderConfiguration { stack.configuration }

    /// Reads the encoder of a folder: `config.json`, safetensors, `tokenizer.json` or `vocab.txt`.
    package init(readingFolder url: URL, workers: WorkerPool) throws {
        let folder = EncoderFolder(url)
        let configuration = try folder.configuration()
        tokenizer = try folder.tokenizer(of: configuration)
        sequenceLimit = try folder.sequenceLimit(configuration)
        try folder.checkThatTheMeanIsAsked()
        let layout = EncoderLayout(configuration)
        stack = EncoderStack(configuration, layout, weights: try folder.weights(of: layout), workers: workers)
    }

    /// The vectors of texts, in order.
    package func embeddings(
        of texts: [String], workers: WorkerPool, checkpoint: ResultCheckpoint<SentenceEmbedding> = .none
    ) throws -> [SentenceEmbedding] {
        try workers.results(texts.count, size: EncoderStack.group, checkpoint: checkpoint) { range in
            embed(texts[range].map { tokenizer.encode($0, atMost: sequenceLimit) })
        }
    }

    /// The vectors of sequences, each of at least one token.
    private func embed(_ sequences: [[Int32]]) -> [SentenceEmbedding] {
        let hidden = configuration.hiddenSize
        return stack.withHiddenStates(of: sequences) { states in
            var start = 0
            return sequences.map { sequence in
                defer { start += sequence.count }
                return Self.mean(states + start * hidden, rows: sequence.count, columns: hidden)
            }
        }
    }

    private static func mean(_ x: UnsafePointer<Float>, rows: Int, columns: Int) -> SentenceEmbedding {
        var mean = [Float](repeating: 0, count: columns)
        decant_sum_rows(x, &mean, rows, columns, 0)
        decant_scale(&mean, 1 / Float(rows), columns)
        return SentenceEmbedding(normalizing: mean)
    }
}

/// The embedding of a text: a vector of length 1.
package struct SentenceEmbedding: Hashable, Sendable {
    package let values: [Float]

    package init(_ values: [Float]) { self.values = values }

    /// The vector, shortened or stretched to length 1.
    init(normalizing vector: [Float]) {
        let length = decant_sum_of_squares(vector, vector.count).squareRoot()
        var scaled = vector
        decant_scale(&scaled, Float(1 / max(length, 1e-12)), vector.count)
        values = scaled
    }

    /// The cosine similarity with another embedding of the same encoder.
    package func similarity(to other: SentenceEmbedding) -> Double {
        decant_dot(values, other.values, min(values.count, other.values.count))
    }
}
