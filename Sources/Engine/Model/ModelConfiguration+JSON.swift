import CanonicalJSON

extension ModelConfiguration {
    /// Reads Hugging Face's `config.json` of a model of a known family, as any version of `transformers` writes it.
    package init(json: JSON) throws(ModelConfigurationError) {
        let fields = ConfigurationFields(json)
        let family = try fields.family()
        try fields.checkThatNothingElseIsAsked(of: family)
        let rope = fields.rope
        let heads = try fields.integer("num_attention_heads")
        try self.init(
            vocabularySize: try fields.integer("vocab_size"), hiddenSize: try fields.integer("hidden_size"),
            layerCount: try fields.integer("num_hidden_layers"), headCount: heads,
            keyValueHeadCount: try fields.integer("num_key_value_heads", default: heads),
            intermediateSize: try fields.integer("intermediate_size"),
            maximumPositions: try fields.integer("max_position_embeddings", default: 2048),
            normEpsilon: try fields.number("rms_norm_eps", default: 1e-6),
            ropeTheta: try fields.number("rope_theta", default: try rope.number("rope_theta", default: 10_000)),
            tiesEmbeddings: json["tie_word_embeddings"]?.bool ?? false, family: family,
            headDimension: fields.has("head_dim") ? try fields.integer("head_dim") : family.defaultHeadDimension,
            ropeScaling: try rope.scaling(positions: json["original_max_position_embeddings"]?.integer))
        controlTokens = try fields.controlTokens()
        precision = (json["dtype"] ?? json["torch_dtype"])?.string.flatMap(WeightPrecision.init) ?? .float32
    }

    /// `config.json` as `transformers` reads it.
    package var json: JSON {
        var members: [String: JSON] = [
            "architectures": [.string(family.architecture)],
            "model_type": .string(family.name),
            "hidden_act": "silu",
            "torch_dtype": .string(precision.rawValue),
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
        // A number that follows from others is not written.
        if family.defaultHeadDimension != nil || attentionSize != hiddenSize {
            members["head_dim"] = .integer(Int64(headDimension))
        }
        members["rope_scaling"] = ropeScaling?.json
        return .object(members.merging(controlTokens.json) { first, _ in first })
    }
}

extension ControlTokens {
    /// The members of `config.json` and of `generation_config.json` that name these tokens.
    var json: [String: JSON] {
        var members: [String: JSON] = [:]
        members["bos_token_id"] = begin.map { .integer(Int64($0)) }
        if let first = end.first {
            members["eos_token_id"] =
                end.count == 1 ? .integer(Int64(first)) : .array(end.map { .integer(Int64($0)) })
        }
        members["pad_token_id"] = padding.map { .integer(Int64($0)) }
        return members
    }
}

extension RotaryScaling {
    fileprivate var json: JSON {
        [
            "rope_type": "llama3", "factor": .number(factor), "low_freq_factor": .number(lowFrequencyFactor),
            "high_freq_factor": .number(highFrequencyFactor),
            "original_max_position_embeddings": .integer(Int64(originalPositions)),
        ]
    }
}
