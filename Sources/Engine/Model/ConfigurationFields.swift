import CanonicalJSON

/// Reads the members of a `config.json`, each with its type.
struct ConfigurationFields {
    private let json: JSON
    /// The prefix of a field's name in an error.
    let path: String

    init(_ json: JSON, path: String = "") { (self.json, self.path) = (json, path) }

    /// Whether a member is there. `null` counts as missing.
    func has(_ field: String) -> Bool { json[field].map { $0 != .null } ?? false }

    /// Whether a member says that there is nothing.
    func isNull(_ field: String) -> Bool { json[field] == .null }

    func text(_ field: String) -> String? { json[field]?.string }

    func flag(_ field: String, default fallback: Bool = false) -> Bool { json[field]?.bool ?? fallback }

    /// The members of a member.
    func members(of field: String) -> ConfigurationFields { Self(json[field] ?? .null, path: "\(path)\(field).") }

    func integer(_ field: String, default fallback: Int? = nil) throws(ModelConfigurationError) -> Int {
        try value(of: field, "an integer", default: fallback) { $0.integer }
    }

    func number(_ field: String, default fallback: Double? = nil) throws(ModelConfigurationError) -> Double {
        try value(of: field, "a number", default: fallback) { $0.double }
    }

    func integers(_ field: String) throws(ModelConfigurationError) -> [Int] {
        try value(of: field, "a list of integers", default: nil) { list(of: $0) { $0.integer } }
    }

    func texts(_ field: String) throws(ModelConfigurationError) -> [String] {
        try value(of: field, "a list of texts", default: nil) { list(of: $0) { $0.string } }
    }

    private func list<Element>(of json: JSON, _ convert: (JSON) -> Element?) -> [Element]? {
        guard let elements = json.array else { return nil }
        let converted = elements.compactMap(convert)
        return converted.count == elements.count ? converted : nil
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
        let name = text("model_type") ?? ""
        guard let family = ModelFamily.all.first(where: { $0.name == name }) else {
            let known = ModelFamily.list(ModelFamily.all.map(\.name), "or")
            let inner = has("text_config") ? "; it holds a text model beside others, which has to be saved by itself" : ""
            throw ModelConfigurationError(field: "model_type", reason: "must be \(known), not '\(name)'\(inner)")
        }
        return family
    }

    /// Refuses each field that asks for a computation that this engine lacks, and names it.
    func checkThatNothingElseIsAsked(of family: ModelFamily) throws(ModelConfigurationError) {
        let gate = family.feedForward.gateFunction
        if let stated = json[gate.field], !gate.names.contains(stated.string ?? "") {
            throw ModelConfigurationError(field: gate.field, reason: "must be \(gate.rawValue), not \(stated.canonicalText)")
        }
        if family.windows == nil {
            if flag("use_sliding_window") {
                throw ModelConfigurationError(field: "use_sliding_window", reason: "is not supported for \(family.name)")
            }
            if let other = json["layer_types"]?.array?.first(where: { $0 != "full_attention" }) {
                throw ModelConfigurationError(
                    field: "layer_types", reason: "must be full_attention in every layer, not \(other.canonicalText)")
            }
        }
        for field in family.refusedFields where flag(field.name) {
            throw ModelConfigurationError(field: field.name, reason: field.reason)
        }
        if flag("mlp_bias") { throw ModelConfigurationError(field: "mlp_bias", reason: "is not supported") }
        for (field, neutral) in Self.neutralValues where has(field) && json[field]?.double != neutral {
            throw ModelConfigurationError(field: field, reason: "is not supported")
        }
        if let stated = json["architectures"]?.array?.first?.string, stated.lowercased() != family.architecture.lowercased() {
            throw ModelConfigurationError(
                field: "architectures", reason: "must be \(family.architecture) for \(family.name), not '\(stated)'")
        }
    }

    /// What the fields of other architectures would change a model by, and the number that changes nothing.
    private static let neutralValues: [(field: String, neutral: Double?)] = [
        ("attn_logit_softcapping", nil), ("final_logit_softcapping", nil), ("logit_scale", 1), ("logits_scaling", 1),
        ("embedding_multiplier", 1), ("residual_multiplier", 1), ("attention_multiplier", nil), ("clip_qkv", nil),
        ("num_local_experts", 0), ("num_experts", 0),
    ]

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
}
