import CanonicalJSON

/// Reads the members of a `config.json`, each with its type.
struct ConfigurationFields {
    private let json: JSON
    /// The prefix of a field's name in an error.
    private let path: String

    init(_ json: JSON, path: String = "") { (self.json, self.path) = (json, path) }

    /// Whether a member is there. `null` counts as missing.
    func has(_ field: String) -> Bool { json[field].map { $0 != .null } ?? false }

    func integer(_ field: String, default fallback: Int? = nil) throws(ModelConfigurationError) -> Int {
        try value(of: field, "an integer", default: fallback) { $0.integer }
    }

    func number(_ field: String, default fallback: Double? = nil) throws(ModelConfigurationError) -> Double {
        try value(of: field, "a number", default: fallback) { $0.double }
    }

    private func value<Value>(
        of field: String, _ type: String, default fallback: Value?, _ convert: (JSON) -> Value?
    ) throws(ModelConfigurationError) -> Value {
        guard has(field), let member = json[field] else {
            if let fallback { return fallback }
            throw ModelConfigurationError(field: path + field, reason: "is missing")
        }
        guard let value = convert(member) else {
            throw ModelConfigurationError(field: path + field, reason: "must be \(type), not \(member.canonicalText)")
        }
        return value
    }

    // MARK: Whole models

    func family() throws(ModelConfigurationError) -> ModelFamily {
        let name = json["model_type"]?.string ?? ""
        guard let family = ModelFamily.all.first(where: { $0.name == name }) else {
            let known = ModelFamily.list(ModelFamily.all.map(\.name), "or")
            throw ModelConfigurationError(field: "model_type", reason: "must be \(known), not '\(name)'")
        }
        return family
    }

    /// Refuses each field that asks for a computation that this engine lacks, and names it.
    func checkThatNothingElseIsAsked(of family: ModelFamily) throws(ModelConfigurationError) {
        if let activation = json["hidden_act"], activation.string != "silu" {
            throw ModelConfigurationError(field: "hidden_act", reason: "must be silu, not \(activation.canonicalText)")
        }
        if json["use_sliding_window"]?.bool == true {
            throw ModelConfigurationError(field: "use_sliding_window", reason: "is not supported")
        }
        if let layers = json["layer_types"]?.array, let other = layers.first(where: { $0 != "full_attention" }) {
            throw ModelConfigurationError(
                field: "layer_types", reason: "must be full_attention in every layer, not \(other.canonicalText)")
        }
        for field in family.refusedFields where json[field.name]?.bool == true {
            throw ModelConfigurationError(field: field.name, reason: field.reason)
        }
        if json["mlp_bias"]?.bool == true {
            throw ModelConfigurationError(field: "mlp_bias", reason: "is not supported")
        }
    }

    func controlTokens() throws(ModelConfigurationError) -> ControlTokens {
        func ids(_ field: String) throws(ModelConfigurationError) -> [Int] {
            guard has(field), let value = json[field] else { return [] }
            let ids = (value.array ?? [value]).compactMap(\.integer)
            guard ids.count == value.array?.count ?? 1, ids.allSatisfy({ $0 >= 0 }) else {
                throw ModelConfigurationError(field: path + field, reason: "must be token ids, not \(value.canonicalText)")
            }
            return ids
        }
        // Some Llama 2 configurations write -1 for a padding token that they lack.
        let padding = json["pad_token_id"]?.integer == -1 ? nil : try ids("pad_token_id").first
        return ControlTokens(begin: try ids("bos_token_id").first, end: try ids("eos_token_id"), padding: padding)
    }

    // MARK: Rotary embedding

    /// `rope_parameters` since version 5 of `transformers`, `rope_scaling` before it.
    var rope: ConfigurationFields {
        let name = has("rope_parameters") ? "rope_parameters" : "rope_scaling"
        return ConfigurationFields(json[name] ?? .null, path: "\(name).")
    }

    /// The scaling that these members of `rope_scaling` describe.
    func scaling(positions: Int?) throws(ModelConfigurationError) -> RotaryScaling? {
        if has("partial_rotary_factor"), try number("partial_rotary_factor") != 1 {
            throw ModelConfigurationError(field: path + "partial_rotary_factor", reason: "must be 1")
        }
        let type = json["rope_type"]?.string ?? json["type"]?.string ?? "default"
        switch type {
        case "default": return nil
        case "llama3":
            return try RotaryScaling(
                factor: try number("factor"), lowFrequencyFactor: try number("low_freq_factor"),
                highFrequencyFactor: try number("high_freq_factor"),
                originalPositions: try integer("original_max_position_embeddings", default: positions))
        default:
            throw ModelConfigurationError(field: path + "rope_type", reason: "must be default or llama3, not '\(type)'")
        }
    }
}
