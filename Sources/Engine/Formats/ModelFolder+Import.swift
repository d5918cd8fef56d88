import CanonicalJSON
import Foundation
import Words

extension ModelFolder {
    /// Imports a published model. Weights become float32; everything else stays as it is.
    ///
    /// - Parameters:
    ///   - day: what the chat template is told of today, such as `2026-01-31`.
    ///   - answer: the form of its calls; without it, its own where one is recognized.
    ///   - signature: what prompts say of a function, where its chat template shows none.
    /// - Returns: in which form it calls functions, for people; `nil` where there is no choice.
    @discardableResult
    package func importModel(
        from source: ModelFolder, day: String? = nil, answer: AnswerForm? = nil, signature: SignatureForm? = nil
    ) throws -> String? {
        let json = try source.readJSON(Self.configurationFile)
        guard json["quantization_config"] ?? .null == .null else {
            throw ModelFileError(
                file: Self.configurationFile, reason: "the model is quantized; import the float model it was made from")
        }
        let files = try WeightFiles(folder: source.url)
        var configuration = try ModelConfiguration(json: json)
        if try files.headDiffers(configuration) { configuration.tiesEmbeddings = false }
        let published: JSON? = source.has(Self.generationFile) ? try source.readJSON(Self.generationFile) : nil
        let ends = try source.endTokens(published, configuration)
        if ends.areFromTokenizer { configuration.controlTokens.end = ends.ids }
        try write(files.model(configuration))
        if var generation = published?.object {
            if generation["eos_token_id"] ?? .null == .null {
                generation["eos_token_id"] = ControlTokens(end: ends.ids).json["eos_token_id"]
            }
            try write(.object(generation), to: Self.generationFile)
        }
        try importTokenizer(from: source, rows: configuration.vocabularySize, day: day)
        try noteSignature(signature)
        return try noteCallForm(answer)
    }

    /// Imports the model of a GGUF file.
    ///
    /// - Parameters: as of a published folder.
    @discardableResult
    package func importModel(
        from file: GGUFFile, day: String? = nil, answer: AnswerForm? = nil, signature: SignatureForm? = nil
    ) throws -> String? {
        try file.writeTokenizer(to: url)
        try checkTokenizer(day: day)
        try noteSignature(signature)
        let model = try file.model()
        guard !model.configuration.controlTokens.end.isEmpty else {
            throw ModelFileError(
                file: file.file, reason: "it has no tokenizer.ggml.eos_token_id, so nobody knows where an answer ends")
        }
        try write(model)
        return try noteCallForm(answer)
    }
}

extension WeightFiles {
    /// Whether a head is stored that is not the embedding, though `config.json` says that both are one. `transformers` then takes
    /// the stored head.
    fileprivate func headDiffers(_ configuration: ModelConfiguration) throws(ModelFileError) -> Bool {
        let (embedding, head) = (
            configuration.family.embedding.huggingFace + ".weight", configuration.family.head.huggingFace + ".weight"
        )
        guard configuration.tiesEmbeddings, contains(head), contains(embedding) else { return false }
        let (left, right) = (try file(of: embedding).tensor(embedding), try file(of: head).tensor(head))
        return left.elementType == right.elementType ? left.bytes != right.bytes : left.floats() != right.floats()
    }
}

/// The tokens that end a published model's answers.
private struct EndTokens {
    var ids: [Int]
    /// Whether no configuration of the model names them, but its tokenizer.
    var areFromTokenizer = false
}

extension ModelFolder {
    /// Those of `generation_config.json`, else those of `config.json`, else the tokenizer's `eos_token`.
    ///
    /// - Throws: `ModelFileError` where there is none, or one that the model cannot write.
    fileprivate func endTokens(_ generation: JSON?, _ configuration: ModelConfiguration) throws -> EndTokens {
        let stated = try Self.ids(generation?["eos_token_id"] ?? .null)
        var ends = EndTokens(ids: stated.isEmpty ? configuration.controlTokens.end : stated)
        var origin = stated.isEmpty ? Self.configurationFile : Self.generationFile
        if ends.ids.isEmpty {
            guard let id = try tokenizerEnd() else {
                throw ModelFileError(
                    file: Self.generationFile,
                    reason:
                        "neither it nor \(Self.configurationFile) has an eos_token_id, and the tokenizer has no eos_token, so "
                        + "nobody knows where an answer ends")
            }
            ends = EndTokens(ids: [id], areFromTokenizer: true)
            origin = "tokenizer.json"
        }
        if let foreign = ends.ids.first(where: { $0 >= configuration.vocabularySize }) {
            throw ModelFileError(
                file: origin,
                reason: "an answer ends with the token \(foreign), and the model has \(configuration.vocabularySize)")
        }
        return ends
    }

    private static func ids(_ json: JSON) throws(ModelFileError) -> [Int] {
        if json == .null { return [] }
        let values = json.array ?? [json]
        let ids = values.compactMap(\.integer).filter { $0 >= 0 }
        guard ids.count == values.count else {
            throw ModelFileError(file: generationFile, reason: "eos_token_id must be token ids, not \(json.canonicalText)")
        }
        return ids
    }

    /// The id of the tokenizer's `eos_token`; `nil` where no file names one.
    private func tokenizerEnd() throws -> Int? {
        guard let text = try TokenizerSettings(readingFolder: self).token("eos_token") else { return nil }
        guard let id = try tokenizer().id(of: text) else {
            throw ModelFileError(
                file: TokenizerSettings.file, reason: "its eos_token is '\(text)', which is none of its tokens")
        }
        return id
    }
}
