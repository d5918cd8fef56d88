import CanonicalJSON

/// What `adapter_config.json` says of the way in which adapters are added to a model.
struct AdapterRules {
    let rank: Int
    let alpha: Double
    /// Adapted modules by the ends of their names; `nil` where a pattern names them, or where the file does not.
    let modules: [String]?
    /// Whether the scale is alpha / √rank, in the place of alpha / rank (arXiv 2312.03732).
    let dividesByRoot: Bool
    /// Whether each row of a merged matrix has a stored length (DoRA, arXiv 2402.09353).
    let hasLengths: Bool
    private let ranks, alphas: [String: Double]

    /// Fields that must not be true, and those that must be empty.
    private static let refusedFlags = ["fan_in_fan_out", "lora_bias", "use_qalora", "use_bdlora"]
    private static let refusedFields = [
        "layer_replication", "trainable_token_indices", "modules_to_save", "target_parameters", "alora_invocation_tokens",
    ]
    /// Ways to draw new factors that leave the model's own weights as they are.
    private static let plainStarts = ["gaussian", "eva", "orthogonal"]

    /// - Throws: `ModelFileError`, which names a field that is missing or not computed here.
    init(_ json: JSON) throws(ModelFileError) {
        guard json["peft_type"]?.string == "LORA", let rank = json["r"]?.integer, (1...4096).contains(rank),
            let alpha = json["lora_alpha"]?.double, alpha > 0
        else { throw Self.fault("it does not describe adapters with a rank and an alpha") }
        (self.rank, self.alpha) = (rank, alpha)
        let flag = Self.refusedFlags.first { json[$0]?.bool == true }
        let field = Self.refusedFields.first { ![JSON.null, [:], []].contains(json[$0] ?? .null) }
        if let field = flag ?? field { throw Self.fault("'\(field)' is not computed here") }
        if let bias = json["bias"]?.string, bias != "none" { throw Self.fault("trained biases are not computed here") }
        if let start = json["init_lora_weights"]?.string, !Self.plainStarts.contains(start) {
            throw Self.fault(
                "'init_lora_weights' is '\(start)', with which peft changes the model's own weights too; convert the adapters "
                    + "with peft's path_initial_model_for_weight_conversion first")
        }
        modules = json["target_modules"]?.array?.compactMap(\.string)
        dividesByRoot = json["use_rslora"]?.bool == true
        hasLengths = json["use_dora"]?.bool == true
        ranks = try Self.pattern(json, "rank_pattern")
        alphas = try Self.pattern(json, "alpha_pattern")
    }

    /// Whether one rank and one scale hold for all matrices.
    var areOneForAll: Bool { !dividesByRoot && !hasLengths && ranks.isEmpty && alphas.isEmpty && modules != nil }

    func rank(of module: String) throws(ModelFileError) -> Int {
        let value = try Self.value(of: module, in: ranks, "rank_pattern") ?? Double(rank)
        guard let rank = Int(exactly: value), (1...4096).contains(rank) else {
            throw Self.fault("'rank_pattern' has \(value), which is no rank")
        }
        return rank
    }

    /// What B·A is multiplied by.
    func scale(of module: String) throws(ModelFileError) -> Float {
        let rank = Double(try rank(of: module))
        let alpha = try Self.value(of: module, in: alphas, "alpha_pattern") ?? alpha
        return Float(alpha / (dividesByRoot ? rank.squareRoot() : rank))
    }

    private static func pattern(_ json: JSON, _ field: String) throws(ModelFileError) -> [String: Double] {
        var values: [String: Double] = [:]
        for (key, value) in json[field]?.object ?? [:] {
            let name = key.hasPrefix("^") ? key : "." + key
            guard let number = value.double, !key.isEmpty, !key.dropFirst().contains(where: { "^$\\*+?()[]{}|".contains($0) })
            else { throw fault("'\(field)' has '\(key)', and only names of modules with numbers are computed here") }
            values[name] = number
        }
        return values
    }

    /// The value for the name that a module's ends with, or is where it begins with `^`.
    private static func value(
        of module: String, in pattern: [String: Double], _ field: String
    ) throws(ModelFileError) -> Double? {
        let found = Set(
            pattern.filter { key, _ in key.hasPrefix("^") ? "^" + module == key : ("." + module).hasSuffix(key) }.values)
        guard found.count < 2 else { throw fault("'\(field)' has two numbers for \(module)") }
        return found.first
    }

    private static func fault(_ reason: String) -> ModelFileError {
        ModelFileError(file: AdapterFolder.configurationFile, reason: reason)
    }
}
