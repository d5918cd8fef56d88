import CanonicalJSON
import Engine
import Foundation
import Words

extension Seeds {
    /// A model's folder as the program writes it.
    private static let folder: [String: [UInt8]] = {
        let url = URL.temporaryDirectory.appending(path: "decant-fuzz-\(UUID().uuidString)", directoryHint: .isDirectory)
        try? FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: url) }
        var files: [String: [UInt8]] = [:]
        do {
            let texts = ["turn on the kitchen lights", "play a song by the band", "what is the weather in the city"]
            try TokenizerTrainer(vocabularySize: 280).train(on: texts).write(to: url, format: .query)
            try ModelFolder(url).write(model)
            try ModelFolder(url).writeGGUF(to: url.appending(path: "model.gguf"), .f16, name: "small")
            try AdapterFolder(url).write(LowRankAdapters(LowRankAdaptation(rank: 2, alpha: 4), for: model, seed: 1))
            for name in try FileManager.default.contentsOfDirectory(atPath: url.path) {
                files[name] = Array(try Data(contentsOf: url.appending(path: name)))
            }
        } catch {
            FileHandle.standardError.write(Data("the seeds of models cannot be made: \(error)\n".utf8))
        }
        return files
    }()

    static let model: Model = {
        let shape = try? ModelConfiguration(
            vocabularySize: 280, hiddenSize: 16, layerCount: 1, headCount: 2, keyValueHeadCount: 1, intermediateSize: 32,
            maximumPositions: 64, family: .llama)
        guard let shape else { fatalError("the seed's shape is refused") }
        return Model(initializing: shape, seed: 1)
    }()

    private static func file(_ name: String) -> [UInt8] { folder[name] ?? Array("{}".utf8) }

    static let tokenizer = file("tokenizer.json")
    static let configuration = file("config.json")
    static let weights = file("model.safetensors")
    static let gguf = file("model.gguf")
    static let adapterConfiguration = file("adapter_config.json")
    static let adapterWeights = file("adapter_model.safetensors")

    /// The JSON between the length and the data.
    static let weightsHeader: [UInt8] = {
        let length = weights.prefix(8).enumerated().reduce(0) { $0 | Int($1.element) << (8 * $1.offset) }
        return Array(weights.dropFirst(8).prefix(length))
    }()

    static let wordPiece: [UInt8] = {
        let words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "play", "a", "song", "##s", "e", "1", "##2", ","]
        let vocabulary = JSON.object(Dictionary(uniqueKeysWithValues: words.enumerated().map { ($1, .count($0)) }))
        let json: JSON = [
            "model": [
                "type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100,
                "vocab": vocabulary,
            ],
            "normalizer": [
                "type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": .null,
                "lowercase": true,
            ],
            "pre_tokenizer": ["type": "BertPreTokenizer"],
            "post_processor": ["type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]],
        ]
        return json.canonicalBytes
    }()

    /// A checkpoint without its seal.
    static let checkpoint: [UInt8] =
        Array(
            JSON.object([
                "action": .string(action.key.hex), "done": 3, "format": 1, "kind": .string(action.kind),
                "revision": .count(action.revision),
            ]).canonicalText.utf8) + [UInt8(ascii: "\n")] + weights
}
