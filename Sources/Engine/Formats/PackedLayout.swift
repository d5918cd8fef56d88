import CanonicalJSON

/// What `quantization_config` says about a model's linear layers: one of three layouts of compressed-tensors.
enum PackedLayout: Hashable {
    /// `pack-quantized`: integers in 32-bit words; a group size of 0 is one scale per output.
    case packed(bits: Int, groupSize: Int)
    /// `int-quantized`: INT8 weights and activations.
    case int8
    /// `float-quantized`: E4M3 weights and activations.
    case float8

    /// `nil` for a float model.
    ///
    /// - Parameter model: the whole `config.json`.
    init?(_ model: JSON) throws(ModelFileError) {
        guard let configuration = model["quantization_config"], configuration != .null else { return nil }
        guard configuration["quant_method"] == "compressed-tensors", let format = configuration["format"]?.string,
            ["pack-quantized", "int-quantized", "float-quantized"].contains(format)
        else {
            throw Self.refused(
                "is not compressed-tensors in the format pack-quantized, int-quantized or float-quantized, the only ones that "
                    + "can be read")
        }
        guard let groups = configuration["config_groups"]?.object, groups.count == 1, let group = groups.values.first,
            let weights = group["weights"], weights["symmetric"] == true
        else { throw Self.refused("does not describe one group of symmetric weights") }
        let activations = group["input_activations"] ?? .null
        switch format {
        case "pack-quantized":
            guard activations == .null else {
                throw Self.refused("rounds the activations of packed weights, which is not known here")
            }
            self = try Self.packed(weights)
        case "int-quantized":
            try Self.check(weights, activations, type: "int")
            self = .int8
        default:
            try Self.check(weights, activations, type: "float")
            self = .float8
        }
    }

    /// Reads the `quantization_config` of weights in 32-bit words.
    private static func packed(_ weights: JSON) throws(ModelFileError) -> PackedLayout {
        guard let bits = weights["num_bits"]?.integer, bits == 4 || bits == 8, weights["type"] == "int" else {
            throw refused("does not describe 4- or 8-bit integer weights")
        }
        switch weights["strategy"] {
        case "channel": return .packed(bits: bits, groupSize: 0)
        case "group":
            guard let size = weights["group_size"]?.integer, size > 0, size % 8 == 0 else {
                throw refused("has a group_size that is not a positive multiple of 8")
            }
            return .packed(bits: bits, groupSize: size)
        default: throw refused("has a strategy that is neither 'channel' nor 'group'")
        }
    }

    /// Weights of eight bits with a scale per output, activations of the same type with one per token.
    private static func check(_ weights: JSON, _ activations: JSON, type: String) throws(ModelFileError) {
        guard weights["num_bits"] == 8, weights["type"] == .string(type), weights["strategy"] == "channel" else {
            throw refused("does not describe 8-bit '\(type)' weights with one scale per output")
        }
        guard activations["num_bits"] == 8, activations["type"] == .string(type), activations["strategy"] == "token",
            activations["dynamic"] == true, activations["symmetric"] == true
        else { throw refused("does not round activations to 8-bit '\(type)' symmetrically and for each token as it comes") }
    }

    private static func refused(_ reason: String) -> ModelFileError {
        ModelFileError(file: "config.json", reason: "quantization_config \(reason)")
    }
}

extension PackedLayout {
    /// `config.json` with a `quantization_config` of this layout.
    ///
    /// - Parameter ignored: linear modules that stay in float, sorted.
    func configuration(extending configuration: JSON, ignored: [String]) -> JSON {
        func type(_ bits: Int, _ name: String, _ strategy: String, dynamic: Bool) -> [String: JSON] {
            [
                "num_bits": .integer(Int64(bits)), "type": .string(name), "symmetric": true, "dynamic": .bool(dynamic),
                "strategy": .string(strategy),
            ]
        }
        var group: [String: JSON] = ["targets": ["Linear"]]
        let format: JSON
        switch self {
        case .packed(let bits, let groupSize):
            var weights = type(bits, "int", groupSize == 0 ? "channel" : "group", dynamic: false)
            if groupSize > 0 { weights["group_size"] = .integer(Int64(groupSize)) }
            group["weights"] = .object(weights)
            format = "pack-quantized"
        case .int8, .float8:
            let name = self == .int8 ? "int" : "float"
            group["weights"] = .object(type(8, name, "channel", dynamic: false))
            group["input_activations"] = .object(type(8, name, "token", dynamic: true))
            format = .string(name + "-quantized")
        }
        var members = configuration.object ?? [:]
        members["quantization_config"] = [
            "quant_method": "compressed-tensors",
            "format": format,
            "quantization_status": "compressed",
            "config_groups": ["group_0": .object(group)],
            "ignore": .array(ignored.map(JSON.string)),
        ]
        return .object(members)
    }
}
