import CanonicalJSON
import Foundation

/// A model as a Hugging Face folder: `config.json`, `generation_config.json`, `model.safetensors` (or shards of it) and the
/// tokenizer's files. A model that is quantized for llama.cpp has `model.gguf` in the place of the weights.
package struct ModelFolder: Sendable {
    package let url: URL

    package init(_ url: URL) { self.url = url }

    package func tokenizer() throws(ModelFileError) -> Tokenizer { try Tokenizer(readingFolder: url) }

    /// The model, to train or to change. Every weight must be a float tensor of the file.
    package func model() throws -> Model {
        var configuration = try ModelConfiguration(json: readJSON(Self.configurationFile))
        guard !isGGUF else {
            throw ModelFileError(
                file: Self.ggufFile,
                reason: "the model is quantized, so it cannot change; take the float model it was made from")
        }
        // The weights will change, and a narrower type could not hold them.
        configuration.precision = .float32
        return try WeightFiles(folder: url).model(configuration)
    }

    /// The model, to run. Packed layers stay packed.
    package func inferenceModel() throws -> InferenceModel {
        let configuration = try readJSON(Self.configurationFile)
        if isGGUF {
            let file = try GGUFFile(reading: url.appending(path: Self.ggufFile))
            return InferenceModel(try file.model(ModelConfiguration(json: configuration)))
        }
        let files = try WeightFiles(folder: url)
        var packed: [String: any WeightPanels] = [:]
        try files.forEachPackedMatrix(configuration: configuration) { packed[$0] = $1.panels() }
        return try InferenceModel(
            files.model(ModelConfiguration(json: configuration), packed: Set(packed.keys)), packed: packed)
    }

    /// The model, to train, over its tokenizer's tokens: rows of the embedding beyond them are padding.
    package func unpaddedModel() throws -> Model {
        let model = try model()
        return try tokenCount().map { model.over(tokens: $0) } ?? model
    }

    /// The same, to run.
    package func unpaddedInferenceModel() throws -> InferenceModel {
        let model = try inferenceModel()
        return try tokenCount().map { model.over(tokens: $0) } ?? model
    }

    /// How many tokens the tokenizer has; `nil` without one, where nothing is known to be padding.
    private func tokenCount() throws -> Int? { has(Tokenizer.file) ? try tokenizer().vocabularySize : nil }

    /// The size of the file with the weights.
    package func weightBytes() throws -> Int {
        let file = url.appending(path: isGGUF ? Self.ggufFile : WeightFiles.single)
        return (try FileManager.default.attributesOfItem(atPath: file.path)[.size] as? Int) ?? 0
    }

    /// Writes configuration and weights. The tokenizer writes its own files, or they are copied.
    package func write(_ model: Model) throws {
        try SafeTensors.write(model, to: url.appending(path: WeightFiles.single))
        try write(model.configuration.json, to: Self.configurationFile)
        try write(Self.generation(model.configuration.controlTokens), to: Self.generationFile)
    }

    /// The files that a model folder must have beside its weights: how text becomes tokens, and where an answer ends.
    package static let tokenizerFiles = ["tokenizer.json", "tokenizer_config.json"]
    /// The files of this sort that it may have.
    package static let optionalTokenizerFiles = [
        generationFile, TokenizerSettings.templateFile, TokenizerSettings.mapFile, TokenizerSettings.legacyFile,
    ]
    package static let configurationFile = "config.json"
    static let generationFile = "generation_config.json"
    package static let ggufFile = "model.gguf"

    /// Whether the folder has its weights in a GGUF file.
    var isGGUF: Bool { has(Self.ggufFile) && !has(WeightFiles.single) && !has(WeightFiles.index) }

    private static func generation(_ tokens: ControlTokens) -> JSON {
        // Ids of `SpecialToken`, for models of Decant's own: responses end at `end`, batches are padded with `endOfText`.
        let members = tokens == ControlTokens() ? ControlTokens(end: [4], padding: 0).json : tokens.json
        return .object(members.merging(["do_sample": false]) { first, _ in first })
    }

    func write(_ json: JSON, to name: String) throws { try Data(json.prettyText.utf8).write(to: url.appending(path: name)) }

    func readJSON(_ name: String) throws(ModelFileError) -> JSON {
        let content = try read(name)
        do {
            return try JSON(parsing: content)
        } catch {
            throw Self.unreadable(name, content, error)
        }
    }

    /// `tokenizer.json` with the added tokens that the other files have.
    func readTokenizer() throws(ModelFileError) -> JSON {
        guard has(Tokenizer.file) else { throw ModelFileError(file: Tokenizer.file, reason: missingTokenizer) }
        let content = try read(Tokenizer.file)
        let json: JSON
        do {
            // Tokens may be canonically equivalent and yet different.
            json = try JSON(parsingByBytes: content)
        } catch {
            throw Self.unreadable(Tokenizer.file, content, error)
        }
        return try TokenizerSettings(readingFolder: self).completing(json)
    }

    private static func unreadable(_ name: String, _ content: Data, _ error: JSONError) -> ModelFileError {
        if let words = Placeholder.words(content) { return ModelFileError(file: name, reason: words) }
        if content.starts(with: [0xEF, 0xBB, 0xBF]) {
            let reason = "it begins with a byte order mark, which JSON does not have; save it as UTF-8 without one"
            return ModelFileError(file: name, reason: reason)
        }
        return ModelFileError(file: name, reason: error.description)
    }

    private var missingTokenizer: String {
        let others = ["tokenizer.model", "vocab.json", "tiktoken.model", "spiece.model"].filter { has($0) }
        guard let other = others.first else { return "the file is missing" }
        return "the file is missing; the folder has \(other), which transformers turns into it: "
            + "AutoTokenizer.from_pretrained(FOLDER).save_pretrained(FOLDER)"
    }

    private func read(_ name: String) throws(ModelFileError) -> Data {
        guard let content = FileManager.default.contents(atPath: url.appending(path: name).path) else {
            throw ModelFileError(file: name, reason: "the file is missing")
        }
        return content
    }
}

extension ModelFolder {
    func has(_ name: String) -> Bool { FileManager.default.fileExists(atPath: url.appending(path: name).path) }
}

/// Why a file of a model folder cannot be used: which file, what is wrong with it, what to do.
package struct ModelFileError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The file's name as the user knows it: `model.safetensors`.
    package var file: String
    package var reason: String

    package init(file: String, reason: String) { (self.file, self.reason) = (file, reason) }

    package var description: String { "\(file): \(reason)" }
}
