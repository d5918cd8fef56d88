import CanonicalJSON

/// The rotary embedding in `config.json`: `rope_parameters` since version 5 of `transformers`, and before it `rope_theta`,
/// `rope_local_base_freq` and `rope_scaling`.
struct RotaryFields {
    var theta: Double
    var localTheta: Double?
    var scaling: RotaryScaling?
    /// Of each head's channels; `nil` for all.
    var share: Double?
}

extension ConfigurationFields {
    func rope(_ family: ModelFamily, positions: Int) throws(ModelConfigurationError) -> RotaryFields {
        if has("rope_parameters"), has("rope_scaling") {
            throw ModelConfigurationError(
                field: "rope_scaling", reason: "stands beside rope_parameters, which says the same in newer files; remove one")
        }
        let whole = members(of: has("rope_parameters") ? "rope_parameters" : "rope_scaling")
        let isSplit = whole.has("full_attention") || whole.has("sliding_attention")
        guard !isSplit || family.defaults.localRopeTheta != nil else {
            throw ModelConfigurationError(
                field: "rope_parameters", reason: "differ between layers, which is not supported for \(family.name)")
        }
        let main = isSplit ? whole.members(of: "full_attention") : whole
        let local = isSplit ? whole.members(of: "sliding_attention") : nil
        let original =
            has("original_max_position_embeddings") ? try integer("original_max_position_embeddings") : nil
        var fields = RotaryFields(
            theta: try theta("rope_theta", in: main, standard: family.defaults.ropeTheta),
            scaling: try main.scaling(original: original, positions: positions))
        if let standard = family.defaults.localRopeTheta {
            fields.localTheta = try theta("rope_local_base_freq", in: local, standard: standard)
            guard try local?.scaling(original: nil, positions: positions) == nil else {
                throw ModelConfigurationError(
                    field: "rope_parameters.sliding_attention", reason: "is scaled, which is not supported")
            }
        }
        if family.turnsParts, fields.scaling != nil {
            // The library takes whatever stands there for longrope.
            throw ModelConfigurationError(field: "rope_scaling", reason: "is not supported for \(family.name)")
        }
        fields.share = try main.share(family, otherwise: share(family))
        return fields
    }

    /// The share of each head's channels that is turned, where it is not all of them.
    private func share(_ family: ModelFamily, otherwise: Double? = nil) throws(ModelConfigurationError) -> Double? {
        guard has("partial_rotary_factor") else { return otherwise }
        let share = try number("partial_rotary_factor")
        guard share == 1 || family.turnsParts && share > 0 && share < 1 else {
            throw ModelConfigurationError(
                field: path + "partial_rotary_factor",
                reason: family.turnsParts ? "must be above 0 and at most 1, not \(share)" : "must be 1, not \(share)")
        }
        return share == 1 ? nil : share
    }

    /// The base that a field of the whole file and `rope_theta` of newer files name.
    private func theta(
        _ field: String, in newer: ConfigurationFields?, standard: Double
    ) throws(ModelConfigurationError) -> Double {
        let older = has(field) ? try number(field) : nil
        guard let newer, newer.has("rope_theta") else { return older ?? standard }
        let theta = try newer.number("rope_theta")
        if let older, older != theta {
            throw ModelConfigurationError(
                field: field, reason: "is \(older), and rope_parameters say \(theta); remove the one that is wrong")
        }
        return theta
    }

    /// The scaling that these members of `rope_scaling` describe.
    private func scaling(original: Int?, positions: Int) throws(ModelConfigurationError) -> RotaryScaling? {
        let type = text("rope_type") ?? text("type") ?? "default"
        switch type {
        case "default": return nil
        case "linear":
            let factor = try number("factor")
            try RotaryScaling.check([("factor", factor)])
            return .linear(factor: factor)
        case "llama3":
            return .llama3(
                try Llama3Scaling(
                    factor: try number("factor"), lowFrequencyFactor: try number("low_freq_factor"),
                    highFrequencyFactor: try number("high_freq_factor"),
                    originalPositions: try integer("original_max_position_embeddings", default: original)))
        case "yarn": return .yarn(try yarn(original: original ?? positions))
        default:
            throw ModelConfigurationError(
                field: path + "rope_type", reason: "must be default, linear, llama3 or yarn, not '\(type)'")
        }
    }

    private func yarn(original: Int) throws(ModelConfigurationError) -> YarnScaling {
        let factor = try number("factor")
        var attentionFactor = has("attention_factor") ? try number("attention_factor") : nil
        let scales = (try number("mscale", default: 0), try number("mscale_all_dim", default: 0))
        if attentionFactor == nil, scales.0 != 0, scales.1 != 0 {
            attentionFactor =
                YarnScaling.attentionFactor(of: factor, scale: scales.0)
                / YarnScaling.attentionFactor(of: factor, scale: scales.1)
        }
        var scaling = try YarnScaling(
            factor: factor, originalPositions: try integer("original_max_position_embeddings", default: original),
            attentionFactor: attentionFactor)
        let (fast, slow) = (try number("beta_fast", default: 0), try number("beta_slow", default: 0))
        // The library takes its own numbers for zeros.
        if fast != 0 { scaling.fast = fast }
        if slow != 0 { scaling.slow = slow }
        try RotaryScaling.check([("beta_fast", scaling.fast), ("beta_slow", scaling.slow)])
        scaling.truncates = flag("truncate", default: true)
        return scaling
    }
}

extension RotaryScaling {
    /// The members of `rope_scaling` that say the same.
    var json: JSON {
        switch self {
        case .linear(let factor): return ["rope_type": "linear", "factor": .number(factor)]
        case .llama3(let scaling):
            return [
                "rope_type": "llama3", "factor": .number(scaling.factor),
                "low_freq_factor": .number(scaling.lowFrequencyFactor),
                "high_freq_factor": .number(scaling.highFrequencyFactor),
                "original_max_position_embeddings": .integer(Int64(scaling.originalPositions)),
            ]
        case .yarn(let scaling):
            var members: [String: JSON] = [
                "rope_type": "yarn", "factor": .number(scaling.factor),
                "attention_factor": .number(scaling.attentionFactor), "beta_fast": .number(scaling.fast),
                "beta_slow": .number(scaling.slow),
                "original_max_position_embeddings": .integer(Int64(scaling.originalPositions)),
            ]
            if !scaling.truncates { members["truncate"] = false }
            return .object(members)
        }
    }
}
