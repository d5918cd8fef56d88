import CanonicalJSON
import Foundation

extension ModelFolder {
    /// Takes over a published model: weights widened to float32, all else as it was.
    package func importModel(from source: ModelFolder) throws {
        let json = try source.readJSON(Self.configurationFile)
        guard json["quantization_config"] ?? .null == .null else {
            throw ModelFileError(
                file: Self.configurationFile, reason: "the model is quantized; import the float model it was made from")
        }
        try write(WeightFiles(folder: source.url).model(ModelConfiguration(json: json)))
        if source.has(Self.generationFile) { try write(source.readJSON(Self.generationFile), to: Self.generationFile) }
        try write(source.readJSON("tokenizer.json"), to: "tokenizer.json")
        try write(source.tokenizerConfiguration(), to: "tokenizer_config.json")
    }

    /// Takes over the model of a GGUF file.
    package func importModel(from file: GGUFFile) throws {
        try file.writeTokenizer(to: url)
        try write(file.model())
    }

    /// `tokenizer_config.json` with the chat template, which newer versions of `transformers` keep in a file of its own.
    private func tokenizerConfiguration() throws(ModelFileError) -> JSON {
        var members = has("tokenizer_config.json") ? try readJSON("tokenizer_config.json").object ?? [:] : [:]
        if let template = FileManager.default.contents(atPath: url.appending(path: "chat_template.jinja").path) {
            guard let text = String(validating: template, as: UTF8.self) else {
                throw ModelFileError(file: "chat_template.jinja", reason: "the file is not UTF-8")
            }
            members["chat_template"] = .string(text)
        }
        return .object(members)
    }

    func has(_ name: String) -> Bool { FileManager.default.fileExists(atPath: url.appending(path: name).path) }
}
