import CanonicalJSON
import Foundation

/// A model as a Hugging Face folder: `config.json`, `generation_config.json`, `model.safetensors` and the tokenizer's files.
public struct ModelFolder: Sendable {
    public let url: URL

    public init(_ url: URL) { self.url = url }

    public func tokenizer() throws(ModelFileError) -> Tokenizer { try Tokenizer(readingFolder: url) }

    /// The model, to train or to change. Every weight must be a float tensor of the file.
    public func model() throws -> Model {
        let configuration = try readJSON("config.json")
        let file = try SafeTensors(reading: url.appending(path: Self.weightsFile))
        var model = Model(zeros: try ModelConfiguration(json: configuration))
        for parameter in model.parameters {
            try model.setWeights(file.floats(parameter.name, shape: parameter.shape), of: parameter)
        }
        return model
    }

    /// The model, to run. Packed layers stay packed.
    public func inferenceModel() throws -> InferenceModel {
        let configuration = try readJSON("config.json")
        let stored = try SafeTensors(reading: url.appending(path: Self.weightsFile)).modelTensors(configuration: configuration)
        var model = Model(zeros: try ModelConfiguration(json: configuration))
        for parameter in model.parameters where stored.matrices[parameter.name] == nil {
            guard let tensor = stored.tensors[parameter.name] else {
                throw ModelFileError(file: Self.weightsFile, reason: "the tensor '\(parameter.name)' is missing")
            }
            guard tensor.shape == parameter.shape, let weights = tensor.floats() else {
                throw ModelFileError(
                    file: Self.weightsFile, reason: "'\(parameter.name)' is not a float tensor of shape \(parameter.shape)")
            }
            try model.setWeights(weights, of: parameter)
        }
        return try InferenceModel(model, packed: stored.matrices)
    }

    /// Writes configuration and weights; the tokenizer's files are written by the tokenizer, or copied.
    public func write(_ model: Model) throws {
        var tensors: [String: StoredTensor] = [:]
        for parameter in model.parameters {
            tensors[parameter.name] = StoredTensor(Array(model.weights(of: parameter)), shape: parameter.shape)
        }
        try SafeTensors.write(tensors, to: url.appending(path: Self.weightsFile))
        try Data(model.configuration.json.prettyText.utf8).write(to: url.appending(path: "config.json"))
        // Ids of `SpecialToken`: responses end at `end`, batches are padded with `endOfText`.
        let generation: JSON = ["do_sample": false, "eos_token_id": 4, "pad_token_id": 0]
        try Data(generation.prettyText.utf8).write(to: url.appending(path: "generation_config.json"))
    }

    /// The files of a model folder that say how text becomes tokens and where an answer ends, and that it must have.
    public static let tokenizerFiles = ["tokenizer.json", "tokenizer_config.json"]
    /// Those that it may have.
    public static let optionalTokenizerFiles = ["generation_config.json", "chat_template.jinja"]

    private static let weightsFile = "model.safetensors"

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
