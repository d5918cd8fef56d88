import CanonicalJSON
import Foundation

/// A sentence encoder as a folder holds it: `config.json`, weights in safetensors, `tokenizer.json` or `vocab.txt`, and what
/// the library `sentence-transformers` writes beside them.
struct EncoderFolder {
    private let files: ModelFolder

    init(_ url: URL) { files = ModelFolder(url) }

    func configuration() throws -> EncoderConfiguration {
        try EncoderConfiguration(json: files.readJSON(ModelFolder.configurationFile))
    }

    func weights(of layout: EncoderLayout) throws(ModelFileError) -> FloatBuffer {
        try WeightFiles(folder: files.url).parameters(of: layout)
    }

    func tokenizer() throws(ModelFileError) -> WordPieceTokenizer { try WordPieceTokenizer(readingFolder: files.url) }

    /// Tokens of a text at most, those around it counted.
    func sequenceLimit(_ configuration: EncoderConfiguration) throws(ModelFileError) -> Int {
        let file = "sentence_bert_config.json"
        guard has(file), let value = try files.readJSON(file)["max_seq_length"], value != .null else {
            return configuration.maximumPositions
        }
        guard let limit = value.integer, limit >= 3 else {
            throw ModelFileError(
                file: file, reason: "max_seq_length is \(value.canonicalText), which leaves no room for a text")
        }
        return min(limit, configuration.maximumPositions)
    }

    /// Refuses modules and ways of pooling other than those computed here: the mean over tokens, normalized.
    func checkThatTheMeanIsAsked() throws(ModelFileError) {
        if has("modules.json") {
            for module in try files.readJSON("modules.json").array ?? [] {
                let type = module["type"]?.string ?? ""
                guard ["Transformer", "Pooling", "Normalize"].contains(type.split(separator: ".").last ?? "") else {
                    throw ModelFileError(file: "modules.json", reason: "the module '\(type)' is not supported")
                }
            }
        }
        let file = "1_Pooling/config.json"
        guard has(file) else { return }
        let pooling = try files.readJSON(file)
        for (name, value) in pooling.sortedMembers where name.hasPrefix("pooling_mode") {
            let isMean = name == "pooling_mode_mean_tokens" ? value == true : value == false || value == "mean"
            if !isMean {
                throw ModelFileError(
                    file: file, reason: "\(name) is \(value.canonicalText); the mean over all tokens is what can be computed")
            }
        }
    }

    private func has(_ name: String) -> Bool { FileManager.default.fileExists(atPath: files.url.appending(path: name).path) }
}
