import CanonicalJSON

/// Which layers of a family see only a window of tokens, and where `config.json` says so.
struct WindowRule: Sendable {
    enum Layers: Sendable {
        case all
        /// Those from the layer on that a field names.
        case from(String, standard: Int)
        /// 6: all but every sixth.
        case allButEvery(String, standard: Int)
        /// Those without a rotary embedding.
        case unturned
    }

    /// The tokens of a window where `sliding_window` is missing.
    let standard: Int?
    /// Whether there are windows only where `use_sliding_window` says so.
    var isSwitched = false
    /// Those with a window. Where not all have one, `layer_types` comes first.
    let layers: Layers

    private var readsTypes: Bool { if case .all = layers { false } else { true } }

    private static let types = (full: "full_attention", sliding: "sliding_attention")

    /// - Parameter turned: whether the rotary embedding turns each layer.
    func attentions(
        _ fields: ConfigurationFields, turned: [Bool]
    ) throws(ModelConfigurationError) -> (window: Int?, layers: [LayerAttention]) {
        let isOn = isSwitched ? fields.flag("use_sliding_window") : true
        let window = isOn ? try self.window(fields) : nil
        let isMissing = window == nil && (isSwitched || !readsTypes)
        var slides = isMissing ? turned.map { _ in false } : try standardLayers(fields, turned)
        if readsTypes, let stated = try fields.layerTypes(count: turned.count) {
            slides = stated.map { $0 == Self.types.sliding }
        }
        if window == nil, slides.contains(true) {
            throw ModelConfigurationError(
                field: isOn ? "sliding_window" : "use_sliding_window",
                reason: "says that there is none, but layers have a window")
        }
        return (window, zip(slides, turned).map { LayerAttention(slides: $0, turns: $1) })
    }

    private func window(_ fields: ConfigurationFields) throws(ModelConfigurationError) -> Int? {
        if fields.isNull("sliding_window") { return nil }
        guard fields.has("sliding_window") || standard != nil else { return nil }
        let window = try fields.integer("sliding_window", default: standard)
        guard (1...(1 << 22)).contains(window) else {
            throw ModelConfigurationError(field: "sliding_window", reason: "must be between 1 and \(1 << 22), not \(window)")
        }
        return window
    }

    private func standardLayers(_ fields: ConfigurationFields, _ turned: [Bool]) throws(ModelConfigurationError) -> [Bool] {
        switch layers {
        case .all: return turned.map { _ in true }
        case .from(let field, let standard):
            let first = try fields.integer(field, default: standard)
            return turned.indices.map { $0 >= first }
        case .allButEvery(let field, let standard):
            let interval = try fields.integer(field, default: standard)
            guard interval > 0 else { throw ModelConfigurationError(field: field, reason: "must be above 0, not \(interval)") }
            return turned.indices.map { ($0 + 1) % interval != 0 }
        case .unturned: return turned.map { !$0 }
        }
    }

    /// The members of `config.json` that say the same.
    func members(of configuration: ModelConfiguration) -> [String: JSON] {
        let window = configuration.window.map { JSON.integer(Int64($0)) }
        let types = JSON.array(
            (0..<configuration.layerCount).map {
                .string(configuration.attention(ofLayer: $0).slides ? Self.types.sliding : Self.types.full)
            })
        guard readsTypes else { return ["sliding_window": window ?? .null] }
        var members: [String: JSON] = [:]
        members["sliding_window"] = window
        if !isSwitched {
            members["layer_types"] = types
        } else if window != nil {
            members["layer_types"] = types
            members["use_sliding_window"] = true
        }
        return members
    }
}

extension ConfigurationFields {
    /// The entries of `layer_types`: `full_attention` or `sliding_attention` for each layer; `nil` where the field is missing.
    func layerTypes(count: Int) throws(ModelConfigurationError) -> [String]? {
        guard has("layer_types") else { return nil }
        let types = try texts("layer_types")
        if let other = types.first(where: { $0 != "full_attention" && $0 != "sliding_attention" }) {
            throw ModelConfigurationError(field: "layer_types", reason: "has '\(other)', which is not supported")
        }
        guard types.count == count else {
            throw ModelConfigurationError(field: "layer_types", reason: "has \(types.count) entries for \(count) layers")
        }
        return types
    }

    /// Whether the rotary embedding turns each layer, as `no_rope_layers` says: 1 for those that it turns.
    func turnedLayers(count: Int, family: ModelFamily) throws(ModelConfigurationError) -> [Bool] {
        guard let standard = family.unturnedInterval else { return Array(repeating: true, count: count) }
        if has("no_rope_layers") {
            let stated = try integers("no_rope_layers")
            guard stated.count >= count, stated.allSatisfy({ $0 == 0 || $0 == 1 }) else {
                throw ModelConfigurationError(field: "no_rope_layers", reason: "must have a 0 or 1 for each of \(count) layers")
            }
            return stated.prefix(count).map { $0 == 1 }
        }
        let interval = try integer("no_rope_layer_interval", default: standard)
        guard interval > 0 else {
            throw ModelConfigurationError(field: "no_rope_layer_interval", reason: "must be above 0, not \(interval)")
        }
        return (0..<count).map { ($0 + 1) % interval != 0 }
    }
}
