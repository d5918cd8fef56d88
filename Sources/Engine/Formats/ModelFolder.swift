import CanonicalJSON
import Foundation

/// A model as a Hugging Face folder: `config.json`, `generation_config.json`, `model.safetensors` (or shards of it) and the
/// tokenizer's files.
package struct ModelFolder: Sendable {
    package let url: URL

    package init(_ url: URL) { self.url = url }

    package func tokenizer() throws(ModelFileError) -> Tokenizer { try Tokenizer(readingFolder: url) }

    /// The model, to train or to change. Every weight must be a float tensor of the file.
    package func model() throws -> Model {
        var configuration = try ModelConfiguration(json: readJSON(Self.configurationFile))
        // What becomes of the weights from here on fits no narrower type.
        configuration.precision = .float32
        return try WeightFiles(folder: url).model(configuration)
    }

    /// The model, to run. Packed layers stay packed.
    package func inferenceModel() throws -> InferenceModel {
        let configuration = try readJSON(Self.configurationFile)
        let files = try WeightFiles(folder: url)
        var packed: [String: any WeightPanels] = [:]
        try files.forEachPackedMatrix(configuration: configuration) { packed[$0] = $1.panels() }
        return try InferenceModel(
            files.model(ModelConfiguration(json: configuration), packed: Set(packed.keys)), packed: packed)
    }

    /// Writes configuration and weights; the tokenizer's files are written by the tokenizer, or copied.
    package func write(_ model: Model) throws {
        try SafeTensors.write(model, to: url.appending(path: WeightFiles.single))
        try write(model.configuration.json, to: Self.configurationFile)
        try write(Self.generation(model.configuration.controlTokens), to: Self.generationFile)
    }

    /// The files of a model folder that say how text becomes tokens and where an answer ends, and that it must have.
    package static let tokenizerFiles = ["tokenizer.json", "tokenizer_config.json"]
    /// Those that it may have.
    package static let optionalTokenizerFiles = [generationFile, "chat_template.jinja"]
    package static let configurationFile = "config.json"
    static let generationFile = "generation_config.json"

    private static func generation(_ tokens: ControlTokens) -> JSON {
        // Ids of `SpecialToken`, for models of Decant's own: responses end at `end`, batches are padded with `endOfText`.
        let members = tokens == ControlTokens() ? ControlTokens(end: [4], padding: 0).json : tokens.json
        return .object(members.merging(["do_sample": false]) { first, _ in first })
    }

    func write(_ json: JSON, to name: String) throws { try Data(json.prettyText.utf8).write(to: url.appending(path: name)) }

    func readJSON(_ name: String) throws(ModelFileError) -> JSON {
        guard let content = FileManager.default.contents(atPath: url.appending(path: name).path) else {
            throw ModelFileError(file: name, reason: "the file is missing")
        }
        do {
            return try JSON(parsing: content)
        } catch {
            throw ModelFileError(file: name, reason: error.description)
        }
    }
}
