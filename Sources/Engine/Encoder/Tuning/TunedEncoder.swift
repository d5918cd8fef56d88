import CanonicalJSON
import Foundation

/// An encoder with heads that are to be trained on it, or have been.
package struct TunedEncoder {
    package let configuration: EncoderConfiguration
    package let heads: [EncoderHead]
    package let tokenizer: WordPieceTokenizer
    /// Largest number of tokens of a text.
    package let sequenceLimit: Int
    let layout: EncoderLayout
    let weights: FloatBuffer

    /// Reads a folder that `write` wrote.
    package init(readingFolder url: URL) throws {
        let folder = EncoderFolder(url)
        try self.init(folder, heads: folder.heads()) { layout in try folder.weights(of: layout) }
        guard !heads.isEmpty else {
            throw ModelFileError(
                file: EncoderHead.file, reason: "the encoder has no heads; train them with a stage of the kind encoder.train")
        }
    }

    /// Reads a published encoder, and draws the weights of heads for it: normal, deviation 0.02; biases are zero.
    package init(readingFolder url: URL, adding heads: [EncoderHead], seed: UInt64) throws {
        let folder = EncoderFolder(url)
        try self.init(folder, heads: heads) { layout in
            let published = EncoderLayout(try folder.configuration())
            let weights = FloatBuffer(count: layout.count)
            let read = try folder.weights(of: published)
            withExtendedLifetime(read) { weights.base.update(from: read.base, count: published.count) }
            for (index, parameter) in layout.parameters.enumerated() where parameter.role == .head {
                let random = Philox(seed: seed, purpose: .initialization, step: UInt64(index))
                for place in 0..<parameter.count {
                    let normals = random.normals(UInt32(truncatingIfNeeded: place / 2))
                    weights.base[parameter.offset + place] = Float(0.02 * (place.isMultiple(of: 2) ? normals.0 : normals.1))
                }
            }
            return weights
        }
    }

    private init(_ folder: EncoderFolder, heads: [EncoderHead], weights: (EncoderLayout) throws -> FloatBuffer) throws {
        let configuration = try folder.configuration()
        let layout = EncoderLayout(configuration, heads: heads)
        (self.configuration, self.heads, self.layout) = (configuration, heads, layout)
        tokenizer = try folder.tokenizer(of: configuration)
        sequenceLimit = try folder.sequenceLimit(configuration)
        self.weights = try weights(layout)
    }

    private init(_ other: TunedEncoder, weights: FloatBuffer) {
        (configuration, heads, tokenizer) = (other.configuration, other.heads, other.tokenizer)
        (sequenceLimit, layout, self.weights) = (other.sequenceLimit, other.layout, weights)
    }

    func with(weights: FloatBuffer) -> TunedEncoder { TunedEncoder(self, weights: weights) }

    /// Writes the encoder's files, with the configuration and the tokenizer of the folder that it was read from.
    package func write(to url: URL, filesFrom origin: URL) throws {
        var tensors: [String: StoredTensor] = [:]
        for parameter in layout.parameters {
            let values = withExtendedLifetime(weights) {
                Array(UnsafeBufferPointer(start: weights.base + parameter.offset, count: parameter.count))
            }
            tensors[parameter.name] = StoredTensor(values, shape: parameter.shape)
        }
        try SafeTensors.write(tensors, to: url.appending(path: WeightFiles.single))
        try ModelFolder(url).write(["heads": .array(heads.map(\.json))], to: EncoderHead.file)
        for file in EncoderFolder.ownFiles {
            let source = origin.appending(path: file)
            guard FileManager.default.fileExists(atPath: source.path) else { continue }
            try FileManager.default.copyItem(at: source, to: url.appending(path: file))
        }
    }

    /// The heads of a folder, without its weights.
    package static func heads(ofFolder url: URL) throws -> [EncoderHead] { try EncoderFolder(url).heads() }

    /// The place of a head of this name.
    package func head(_ name: String) -> Int? { heads.firstIndex { $0.name == name } }
}

/// What an encoder's heads say of a text.
package struct EncoderScores: Hashable, Sendable {
    /// By head: [labels], or [tokens, labels] where the head reads tokens.
    package let logits: [[Float]]
}

/// A tuned encoder, packed to be run.
package struct EncoderScorer {
    package let encoder: TunedEncoder
    private let stack: EncoderStack

    package init(_ encoder: TunedEncoder, workers: WorkerPool) {
        self.encoder = encoder
        stack = EncoderStack(encoder.configuration, encoder.layout, weights: encoder.weights, workers: workers)
    }

    /// What the heads say of sequences, in order. It depends on the sequence alone.
    package func scores(of sequences: [[Int32]], workers: WorkerPool) throws -> [EncoderScores] {
        try workers.results(sequences.count, size: EncoderStack.group, checkpoint: .none) { range in
            let group = Array(sequences[range])
            return stack.withHiddenStates(of: group) { states in
                var row = 0
                return group.map { sequence in
                    defer { row += sequence.count }
                    return EncoderScores(
                        logits: encoder.heads.indices.map { encoder.logits(of: $0, states, row, sequence.count) })
                }
            }
        }
    }
}

extension TunedEncoder {
    /// The logits of a head for a sequence whose states begin at a row of `states`.
    fileprivate func logits(of head: Int, _ states: UnsafeMutablePointer<Float>, _ row: Int, _ tokens: Int) -> [Float] {
        let (labels, hidden) = (heads[head].labels.count, configuration.hiddenSize)
        let rows = heads[head].reading == .text ? 1 : tokens
        var logits = [Float](repeating: 0, count: rows * labels)
        logits.withUnsafeMutableBufferPointer { target in
            guard let y = target.baseAddress else { return }
            HeadProduct(layout.heads[head], labels: labels, hidden: hidden, weights)
                .forward(MatrixView(states + row * hidden, rows, hidden), into: y)
        }
        return logits
    }
}
