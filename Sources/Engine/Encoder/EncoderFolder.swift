import Foundation

/// The folder of a sentence encoder: `config.json`, weights in safetensors, `tokenizer.json` or `vocab.txt`, and the files that
/// the library `sentence-transformers` adds.
struct EncoderFolder {
    let files: ModelFolder

    private static let lengthFile = "sentence_bert_config.json"
    /// Those beside the weights that decide what an encoder computes.
    static let ownFiles = [
        ModelFolder.configurationFile, Tokenizer.file, "tokenizer_config.json", WordPieceTokenizer.vocabularyFile, lengthFile,
    ]

    init(_ url: URL) { files = ModelFolder(url) }

    func configuration() throws -> EncoderConfiguration {
        try EncoderConfiguration(json: files.readJSON(ModelFolder.configurationFile))
    }

    /// What was trained on top of the encoder; none where the folder is of an encoder alone.
    func heads() throws(ModelFileError) -> [EncoderHead] {
        guard files.has(EncoderHead.file) else { return [] }
        var heads: [EncoderHead] = []
        for entry in try files.readJSON(EncoderHead.file)["heads"]?.array ?? [] { heads.append(try EncoderHead(json: entry)) }
        guard Set(heads.map(\.name)).count == heads.count else {
            throw ModelFileError(file: EncoderHead.file, reason: "two heads have one name")
        }
        return heads
    }

    func weights(of layout: EncoderLayout) throws(ModelFileError) -> FloatBuffer {
        try WeightFiles(folder: files.url).parameters(of: layout)
    }

    /// - Throws: an error where the tokenizer has tokens that the embedding lacks.
    func tokenizer(of configuration: EncoderConfiguration) throws(ModelFileError) -> WordPieceTokenizer {
        let tokenizer = try WordPieceTokenizer(readingFolder: files.url)
        if let id = tokenizer.largestID, id >= configuration.vocabularySize {
            throw ModelFileError(
                file: ModelFolder.configurationFile,
                reason: "vocab_size is \(configuration.vocabularySize), but the tokenizer has the token \(id)")
        }
        return tokenizer
    }

    /// Largest number of tokens of a text, with the begin and end tokens.
    func sequenceLimit(_ configuration: EncoderConfiguration) throws(ModelFileError) -> Int {
        let file = Self.lengthFile
        guard files.has(file), let value = try files.readJSON(file)["max_seq_length"], value != .null else {
            return configuration.maximumPositions
        }
        guard let limit = value.integer, limit >= 3 else {
            throw ModelFileError(
                file: file, reason: "max_seq_length is \(value.canonicalText), which leaves no room for a text")
        }
        return min(limit, configuration.maximumPositions)
    }

    /// Refuses modules and pooling modes other than the normalized mean over tokens.
    func checkThatTheMeanIsAsked() throws(ModelFileError) {
        if files.has("modules.json") {
            for module in try files.readJSON("modules.json").array ?? [] {
                let type = module["type"]?.string ?? ""
                guard ["Transformer", "Pooling", "Normalize"].contains(type.split(separator: ".").last ?? "") else {
                    throw ModelFileError(file: "modules.json", reason: "the module '\(type)' is not supported")
                }
            }
        }
        let file = "1_Pooling/config.json"
        guard files.has(file) else { return }
        let pooling = try files.readJSON(file)
        for (name, value) in pooling.sortedMembers where name.hasPrefix("pooling_mode") {
            let isMean = name == "pooling_mode_mean_tokens" ? value == true : value == false || value == "mean"
            if !isMean {
                throw ModelFileError(
                    file: file, reason: "\(name) is \(value.canonicalText); the mean over all tokens is what can be computed")
            }
        }
    }

}

extension WeightFiles {
    /// The parameters of an encoder in the order of its layout, float32.
    ///
    /// All parameters are checked for presence and shape before memory is allocated. Tensors that only other uses of the model
    /// need (the pooler, heads for pre-training, position ids) are ignored; an error names any other tensor.
    func parameters(of layout: EncoderLayout) throws(ModelFileError) -> FloatBuffer {
        let prefix = contains("bert.embeddings.word_embeddings.weight") ? "bert." : ""
        var known: Set<String> = []
        for parameter in layout.parameters {
            let name = prefix + parameter.name
            known.insert(name)
            let file = file(of: name)
            try file.check(name, shape: parameter.shape)
            try file.checkThatItHoldsFloats(name)
        }
        for name in names where !known.contains(name) && !Self.isUnused(name, prefix: prefix) {
            throw ModelFileError(
                file: file(of: name).file, reason: "it holds the tensor '\(name)', which no bert model of this config.json has")
        }
        let weights = FloatBuffer(count: layout.count)
        for parameter in layout.parameters {
            let name = prefix + parameter.name
            let memory = UnsafeMutableBufferPointer(start: weights.base + parameter.offset, count: parameter.count)
            try file(of: name).copyFloats(name, into: memory)
        }
        return weights
    }

    private static func isUnused(_ name: String, prefix: String) -> Bool {
        name == prefix + "embeddings.position_ids" || name.hasPrefix(prefix + "pooler.")
            || name.hasPrefix(EncoderLayout.headPrefix)
            || (!prefix.isEmpty && name.hasPrefix("cls."))
    }
}
