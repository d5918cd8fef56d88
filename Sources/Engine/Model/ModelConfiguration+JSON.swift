import CanonicalJSON

extension ModelConfiguration {
    /// Reads Hugging Face's `config.json` of a `qwen2` or `llama` model.
    public init(json: JSON) throws(ModelConfigurationError) {
        func integer(_ field: String) throws(ModelConfigurationError) -> Int {
            guard let value = json[field] else { throw ModelConfigurationError(field: field, reason: "is missing") }
            guard let integer = value.integer else {
                throw ModelConfigurationError(field: field, reason: "must be an integer, not \(value.canonicalText)")
            }
            return integer
        }
        func number(_ field: String, in object: JSON, default fallback: Double) throws(ModelConfigurationError) -> Double {
            guard let value = object[field], value != .null else { return fallback }
            guard let number = value.double else {
                throw ModelConfigurationError(field: field, reason: "must be a number, not \(value.canonicalText)")
            }
            return number
        }
        let type = json["model_type"]?.string ?? ""
        guard type == "qwen2" || type == "llama" else {
            throw ModelConfigurationError(field: "model_type", reason: "must be qwen2 or llama, not '\(type)'")
        }
        if let activation = json["hidden_act"], activation.string != "silu" {
            throw ModelConfigurationError(field: "hidden_act", reason: "must be silu, not \(activation.canonicalText)")
        }
        let rope = json["rope_parameters"] ?? json["rope_scaling"] ?? .null
        let ropeType = rope["rope_type"]?.string ?? rope["type"]?.string ?? "default"
        guard ropeType == "default" else {
            throw ModelConfigurationError(field: "rope_type", reason: "must be default, not '\(ropeType)'")
        }
        if json["use_sliding_window"]?.bool == true {
            throw ModelConfigurationError(field: "use_sliding_window", reason: "is not supported")
        }
        let theta = try number("rope_theta", in: json, default: try number("rope_theta", in: rope, default: 10_000))
        let heads = try integer("num_attention_heads")
        try self.init(
            vocabularySize: try integer("vocab_size"), hiddenSize: try integer("hidden_size"),
            layerCount: try integer("num_hidden_layers"), headCount: heads,
            keyValueHeadCount: json["num_key_value_heads"] == nil ? heads : try integer("num_key_value_heads"),
            intermediateSize: try integer("intermediate_size"),
            maximumPositions: json["max_position_embeddings"] == nil ? 2048 : try integer("max_position_embeddings"),
            normEpsilon: try number("rms_norm_eps", in: json, default: 1e-6), ropeTheta: theta,
            tiesEmbeddings: json["tie_word_embeddings"]?.bool ?? false,
            hasAttentionBias: type == "qwen2" || json["attention_bias"]?.bool == true)
        if let dimension = json["head_dim"]?.integer, dimension != headDimension {
            throw ModelConfigurationError(field: "head_dim", reason: "must be hidden_size/num_attention_heads, not \(dimension)")
        }
    }

    /// `config.json` as Hugging Face's `transformers` reads it.
    public var json: JSON {
        [
            "architectures": [hasAttentionBias ? "Qwen2ForCausalLM" : "LlamaForCausalLM"],
            "model_type": hasAttentionBias ? "qwen2" : "llama",
            "hidden_act": "silu",
            "torch_dtype": "float32",
            "vocab_size": .integer(Int64(vocabularySize)),
            "hidden_size": .integer(Int64(hiddenSize)),
            "num_hidden_layers": .integer(Int64(layerCount)),
            "num_attention_heads": .integer(Int64(headCount)),
            "num_key_value_heads": .integer(Int64(keyValueHeadCount)),
            "intermediate_size": .integer(Int64(intermediateSize)),
            "max_position_embeddings": .integer(Int64(maximumPositions)),
            "rms_norm_eps": .number(normEpsilon),
            "rope_theta": .number(ropeTheta),
            "tie_word_embeddings": .bool(tiesEmbeddings),
        ]
    }
}
