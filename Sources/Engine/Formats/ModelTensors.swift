import CanonicalJSON

/// A model file's tensors, the packed matrices among them taken together under the names of the weights they stand for.
public struct ModelTensors: Sendable {
    /// By the weight's name: `model.layers.0.self_attn.q_proj.weight`.
    public var matrices: [String: QuantizedMatrix] = [:]
    /// Every other tensor.
    public var tensors: [String: StoredTensor] = [:]
}

extension SafeTensors {
    /// The tensors of a float model, or of one in the `pack-quantized` layout.
    ///
    /// - Parameter configuration: the model's `config.json`, whose `quantization_config` tells the two apart.
    public func modelTensors(configuration: JSON) throws(ModelFileError) -> ModelTensors {
        guard let quantization = configuration["quantization_config"], quantization != .null else {
            return ModelTensors(tensors: try allTensors())
        }
        let layout = try PackedLayout(quantization)
        var result = ModelTensors()
        for name in names {
            let parts = name.split(separator: ".")
            let module = parts.dropLast().joined(separator: ".")
            switch parts.last {
            case "weight_packed": result.matrices[module + ".weight"] = try matrix(module, layout: layout)
            case "weight_scale" where contains(module + ".weight_packed"): continue
            case "weight_shape" where contains(module + ".weight_packed"): continue
            default: result.tensors[name] = try tensor(name)
            }
        }
        return result
    }

    private func matrix(_ module: String, layout: PackedLayout) throws(ModelFileError) -> QuantizedMatrix {
        let packed = try tensor(module + ".weight_packed")
        let scale = try tensor(module + ".weight_scale")
        guard let shape = try tensor(module + ".weight_shape").integers(), shape.count == 2, shape[0] > 0, shape[1] > 0,
            // Bounded by what the file really holds before anything is multiplied.
            shape[0] <= packed.count, shape[1] <= packed.bytes.count * 2
        else { throw ModelFileError(file: file, reason: "'\(module).weight_shape' is not the shape of a matrix") }
        let (rows, columns) = (shape[0], shape[1])
        let group = layout.groupSize == 0 ? columns : layout.groupSize
        guard columns % group == 0 else {
            throw ModelFileError(
                file: file, reason: "'\(module)' has \(columns) inputs, not a multiple of its group size \(group)")
        }
        let words = QuantizedMatrix.bytesPerRow(columns: columns, bits: layout.bits) / 4
        guard packed.elementType == .int32, packed.shape == [rows, words] else {
            throw ModelFileError(file: file, reason: "'\(module).weight_packed' is not an I32 matrix of shape \([rows, words])")
        }
        guard let scales = scale.floats(), scale.shape == [rows, columns / group] else {
            throw ModelFileError(
                file: file, reason: "'\(module).weight_scale' is not a float matrix of shape \([rows, columns / group])")
        }
        return QuantizedMatrix(
            packed: packed.bytes, scales: scales, rows: rows, columns: columns, bits: layout.bits, groupSize: group)
    }
}

/// What `quantization_config` says about the weights.
private struct PackedLayout {
    var bits: Int
    /// 0 is one scale per output.
    var groupSize: Int

    init(_ configuration: JSON) throws(ModelFileError) {
        func refused(_ reason: String) -> ModelFileError {
            ModelFileError(file: "config.json", reason: "quantization_config \(reason)")
        }
        guard configuration["quant_method"] == "compressed-tensors", configuration["format"] == "pack-quantized" else {
            throw refused("is not compressed-tensors in the format pack-quantized, the only one that can be read")
        }
        guard let groups = configuration["config_groups"]?.object, groups.count == 1, let group = groups.values.first,
            let weights = group["weights"], let bits = weights["num_bits"]?.integer, bits == 4 || bits == 8,
            weights["type"] == "int", weights["symmetric"] == true
        else { throw refused("does not describe one group of symmetric 4- or 8-bit integer weights") }
        self.bits = bits
        switch weights["strategy"] {
        case "channel": groupSize = 0
        case "group":
            guard let size = weights["group_size"]?.integer, size > 0, size % 8 == 0 else {
                throw refused("has a group_size that is not a positive multiple of 8")
            }
            groupSize = size
        default: throw refused("has a strategy that is neither 'channel' nor 'group'")
        }
    }
}
