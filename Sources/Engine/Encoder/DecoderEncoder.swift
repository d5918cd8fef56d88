import CanonicalJSON
import Foundation

/// A decoder that turns a text into a vector of length 1: the normalized hidden state of its last token (Wang et al., arXiv
/// 2401.00368).
///
/// A text's vector depends only on this text: not on other texts or threads.
package struct DecoderEncoder {
    private let model: InferenceModel
    private let tokenizer: Tokenizer
    /// Largest number of tokens of a text; longer texts are cut off, their end tokens kept.
    package let sequenceLimit: Int

    /// Texts of a group.
    private static let group = 4
    /// Texts are cut at so many tokens where the folder names no limit: more than any question or function has.
    private static let standardLimit = 512

    /// Reads a published folder: `config.json` of a decoder, safetensors with or without a head, `tokenizer.json`.
    package init(readingFolder url: URL, products: ProductPrecision) throws {
        let folder = ModelFolder(url)
        var configuration = try ModelConfiguration(json: folder.readJSON(ModelFolder.configurationFile))
        configuration.precision = .float32
        var model = InferenceModel(try WeightFiles(folder: url).headlessModel(configuration))
        model.products = products
        self.model = model
        tokenizer = try folder.tokenizer()
        guard tokenizer.vocabularySize <= configuration.vocabularySize else {
            throw ModelFileError(
                file: ModelFolder.configurationFile,
                reason:
                    "vocab_size is \(configuration.vocabularySize), but the tokenizer has \(tokenizer.vocabularySize) tokens")
        }
        try EncoderFolder(url).checkThatTheLastTokenIsAsked()
        sequenceLimit = min(Self.standardLimit, configuration.maximumPositions)
    }

    /// The vectors of texts, in order.
    package func embeddings(
        of texts: [String], workers: WorkerPool, checkpoint: ResultCheckpoint<SentenceEmbedding> = .none
    ) throws -> [SentenceEmbedding] {
        try workers.results(texts.count, size: Self.group, checkpoint: checkpoint) { range in
            embed(texts[range].map { tokens(of: $0) })
        }
    }

    /// As the `transformers` library encodes a text; some models add a token at the end, whose state is the vector.
    private func tokens(of text: String) -> [Int32] {
        let tokens = tokenizer.encodeWithFrame(text).map(Int32.init)
        let whole = tokens.isEmpty ? [0] : tokens
        guard whole.count > sequenceLimit else { return whole }
        let end = tokenizer.closingTokens
        return Array(whole.prefix(max(0, sequenceLimit - end))) + Array(whole.suffix(end))
    }

    private func embed(_ sequences: [[Int32]]) -> [SentenceEmbedding] {
        var batch = PackedBatch()
        for sequence in sequences { batch.append(sequence, predicting: sequence.count - 1..<sequence.count) }
        let decoder = model.decoder(positions: batch.longest, workers: .caller)
        let hidden = decoder.configuration.hiddenSize
        let arena = Arena()
        return withExtendedLifetime((arena, model)) {
            let a = Activations(decoder.configuration, batch, keeping: .nothing, logitRows: 0, in: arena)
            decoder.hiddenStates(batch, a)
            decoder.finalNormForward(batch, a)
            return sequences.indices.map { place in
                SentenceEmbedding(
                    normalizing: Array(UnsafeBufferPointer(start: a.predictedNorm + place * hidden, count: hidden)))
            }
        }
    }
}

extension EncoderFolder {
    /// Whether the folder is of a decoder, whose last token's state stands for a text.
    var isOfDecoder: Bool {
        get throws {
            let type = try files.readJSON(ModelFolder.configurationFile)["model_type"]?.string
            return ModelFamily.all.contains { $0.name == type }
        }
    }

    /// Refuses other pooling than the normalized last token's; a folder that says nothing of pooling is a decoder's.
    func checkThatTheLastTokenIsAsked() throws(ModelFileError) {
        let file = "1_Pooling/config.json"
        guard files.has(file) else { return }
        let pooling = try files.readJSON(file)
        guard pooling["pooling_mode_lasttoken"] == true || pooling["pooling_mode"] == "lasttoken" else {
            throw ModelFileError(
                file: file,
                reason: "the last token's state is what can be computed of a decoder, and it asks for another pooling")
        }
    }
}

extension WeightFiles {
    /// A decoder to compute hidden states with: its tensors have the prefix `model.` or, as encoders are published, none; a
    /// head that is missing is left zero.
    func headlessModel(_ configuration: ModelConfiguration) throws(ModelFileError) -> Model {
        try configuration.check(tensors: count, weights: byteCount)
        let head = configuration.family.head.huggingFace + ".weight"
        let prefix = "model."
        var stored: [String: String] = [:]
        for parameter in DecoderLayout(configuration).parameters {
            let name = parameter.name
            if name == head, !contains(name) { continue }
            let bare = name.hasPrefix(prefix) ? String(name.dropFirst(prefix.count)) : name
            let found = contains(name) ? name : bare
            let file = file(of: found)
            try file.check(found, shape: parameter.shape)
            try file.checkThatItHoldsFloats(found)
            stored[name] = found
        }
        var model = Model(zeros: configuration)
        for parameter in model.parameters {
            guard let name = stored[parameter.name] else { continue }
            try model.fill(parameter) { memory throws(ModelFileError) in
                try file(of: name).copyFloats(name, into: memory)
            }
        }
        return model
    }
}

/// What turns texts into vectors: an encoder of the BERT family, or a decoder.
package enum TextEncoder {
    case sentence(SentenceEncoder)
    case decoder(DecoderEncoder)

    /// Reads a published folder; `model_type` of its `config.json` says which of the two it is.
    package init(readingFolder url: URL, products: ProductPrecision, workers: WorkerPool) throws {
        self =
            try EncoderFolder(url).isOfDecoder
            ? .decoder(DecoderEncoder(readingFolder: url, products: products))
            : .sentence(SentenceEncoder(readingFolder: url, workers: workers))
    }

    /// The vectors of texts, in order.
    package func embeddings(
        of texts: [String], workers: WorkerPool, checkpoint: ResultCheckpoint<SentenceEmbedding> = .none
    ) throws -> [SentenceEmbedding] {
        switch self {
        case .sentence(let encoder): try encoder.embeddings(of: texts, workers: workers, checkpoint: checkpoint)
        case .decoder(let encoder): try encoder.embeddings(of: texts, workers: workers, checkpoint: checkpoint)
        }
    }
}
