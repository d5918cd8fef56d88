import CanonicalJSON
import Engine
import Foundation

/// The files of a small encoder whose weights are known numbers.
package enum SmallEncoder {
    static let words = [
        "turn", "on", "off", "light", "lights", "play", "song", "music", "weather", "report", "the", "a", "is", "in",
    ]

    /// Contents by name, as `encoder/name` of a stage's inputs.
    package static func files() -> [String: Data] {
        let vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"] + words
        let json: JSON = [
            "model_type": "bert", "hidden_act": "gelu", "vocab_size": .integer(Int64(vocabulary.count)), "hidden_size": 16,
            "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 24, "max_position_embeddings": 32,
        ]
        var tensors: [String: StoredTensor] = [:]
        for (index, parameter) in parameters(vocabulary: vocabulary.count, hidden: 16, intermediate: 24).enumerated() {
            let shift = parameter.name.hasSuffix("LayerNorm.weight") ? 1.0 : 0
            let values = (0..<parameter.shape.reduce(1, *)).map { place in
                Float(Double((7919 * place + 4729 * index) % 2003) / 2003 - 0.5 + shift)
            }
            tensors[parameter.name] = StoredTensor(values, shape: parameter.shape)
        }
        return [
            "encoder/small/config.json": Data(json.canonicalBytes),
            "encoder/small/model.safetensors": SafeTensors.serialize(tensors),
            "encoder/small/vocab.txt": Data(vocabulary.joined(separator: "\n").utf8),
        ]
    }

    /// BERT's parameters with one layer, in the order in which they are numbered.
    private static func parameters(vocabulary: Int, hidden: Int, intermediate: Int) -> [(name: String, shape: [Int])] {
        let layer = "encoder.layer.0"
        let projections = ["query", "key", "value"].map { "\(layer).attention.self.\($0)" }
        func linear(_ name: String, _ outputs: Int, _ inputs: Int) -> [(name: String, shape: [Int])] {
            [("\(name).weight", [outputs, inputs]), ("\(name).bias", [outputs])]
        }
        func norm(_ name: String) -> [(name: String, shape: [Int])] {
            [("\(name).LayerNorm.weight", [hidden]), ("\(name).LayerNorm.bias", [hidden])]
        }
        return [
            ("embeddings.word_embeddings.weight", [vocabulary, hidden]),
            ("embeddings.position_embeddings.weight", [32, hidden]),
            ("embeddings.token_type_embeddings.weight", [2, hidden]),
        ] + norm("embeddings")
            + projections.map { ("\($0).weight", [hidden, hidden]) } + projections.map { ("\($0).bias", [hidden]) }
            + linear("\(layer).attention.output.dense", hidden, hidden) + norm("\(layer).attention.output")
            + linear("\(layer).intermediate.dense", intermediate, hidden)
            + linear("\(layer).output.dense", hidden, intermediate) + norm("\(layer).output")
    }
}
