import CanonicalJSON
import Foundation

@testable import Engine

/// The files of a small encoder whose weights are known numbers.
enum SmallEncoder {
    static let words = [
        "turn", "on", "off", "light", "lights", "play", "song", "music", "weather", "report", "the", "a", "is", "in",
    ]

    /// Contents by name, as `encoder/name` of a stage's inputs.
    static func files() throws -> [String: Data] {
        let vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"] + words
        let json: JSON = [
            "model_type": "bert", "hidden_act": "gelu", "vocab_size": .integer(Int64(vocabulary.count)), "hidden_size": 16,
            "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 24, "max_position_embeddings": 32,
        ]
        var tensors: [String: StoredTensor] = [:]
        for (index, parameter) in EncoderLayout(try EncoderConfiguration(json: json)).parameters.enumerated() {
            let shift = parameter.role == .norm && parameter.name.hasSuffix("weight") ? 1.0 : 0
            let values = (0..<parameter.count).map { Float(Double((7919 * $0 + 4729 * index) % 2003) / 2003 - 0.5 + shift) }
            tensors[parameter.name] = StoredTensor(values, shape: parameter.shape)
        }
        return [
            "encoder/small/config.json": Data(json.canonicalBytes),
            "encoder/small/model.safetensors": SafeTensors.serialize(tensors),
            "encoder/small/vocab.txt": Data(vocabulary.joined(separator: "\n").utf8),
        ]
    }
}
