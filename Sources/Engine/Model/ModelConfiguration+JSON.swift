import CanonicalJSON

extension ModelConfiguration {
    /// Reads Hugging Face's `config.json` of a model of a known family, as any version of `transformers` writes it.
    package init(json: JSON) throws(ModelConfigurationError) {
        let fields = ConfigurationFields(json)
        let family = try fields.family()
        try fields.checkThatNothingElseIsAsked(of: family)
        let heads = try fields.integer("num_attention_heads")
        let positions = try fields.integer("max_position_embeddings", default: 2048)
        let rope = try fields.rope(family, positions: positions)
        try self.init(
            vocabularySize: try fields.integer("vocab_size"), hiddenSize: try fields.integer("hidden_size"),
            layerCount: try fields.integer("num_hidden_layers"), headCount: heads,
            keyValueHeadCount: try fields.integer("num_key_value_heads", default: heads),
            intermediateSize: try fields.integer("intermediate_size"), maximumPositions: positions,
            normEpsilon: try fields.number("rms_norm_eps", default: family.defaults.normEpsilon), ropeTheta: rope.theta,
            tiesEmbeddings: json["tie_word_embeddings"]?.bool ?? family.defaults.tiesEmbeddings, family: family,
            headDimension: fields.has("head_dim") ? try fields.integer("head_dim") : family.defaults.headDimension,
            ropeScaling: rope.scaling)
        localRopeTheta = rope.localTheta
        // As the library rounds it.
        rotaryDimension = rope.share.map { Int(Double(headDimension) * $0) }
        if let standard = family.defaults.queryScalar {
            let scalar = try fields.number("query_pre_attn_scalar", default: standard)
            queryScalar = scalar == Double(headDimension) ? nil : scalar
        }
        let turned = try fields.turnedLayers(count: layerCount, family: family)
        if let rule = family.windows {
            let (window, attentions) = try rule.attentions(fields, turned: turned)
            setAttentions(attentions, window: window)
        }
        try check()
        controlTokens = try fields.controlTokens()
        precision = (json["dtype"] ?? json["torch_dtype"])?.string.flatMap(WeightPrecision.init) ?? .float32
    }

    /// `config.json` as `transformers` reads it.
    package var json: JSON {
        var members: [String: JSON] = [
            "architectures": [.string(family.architecture)],
            "model_type": .string(family.name),
            family.feedForward.gateFunction.field: .string(family.feedForward.gateFunction.rawValue),
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
        if family.defaults.headDimension != nil || attentionSize != hiddenSize {
            members["head_dim"] = .integer(Int64(headDimension))
        }
        members["rope_scaling"] = ropeScaling?.json
        members["partial_rotary_factor"] = rotaryDimension.map { turned in
            let share = Double(turned) / Double(headDimension)
            // Readers cut the product to a whole number.
            return .number(Int(Double(headDimension) * share) < turned ? share.nextUp : share)
        }
        members["rope_local_base_freq"] = localRopeTheta.map { .number($0) }
        if family.defaults.queryScalar != nil {
            members["query_pre_attn_scalar"] = .number(queryScalar ?? Double(headDimension))
        }
        if family.unturnedInterval != nil {
            members["no_rope_layers"] = .array((0..<layerCount).map { .integer(attention(ofLayer: $0).turns ? 1 : 0) })
        }
        members.merge(family.windows?.members(of: self) ?? [:]) { first, _ in first }
        if family.defaults.hasTokens { for name in ControlTokens.names { members[name] = .null } }
        return .object(members.merging(controlTokens.json) { $1 })
    }
}

extension ControlTokens {
    static let names = ["bos_token_id", "eos_token_id", "pad_token_id"]

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
