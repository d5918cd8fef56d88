import CanonicalJSON

extension WeightFiles {
    /// The packed matrices under the names of the weights that they stand for; empty for a float model.
    ///
    /// - Parameter configuration: the model's `config.json`, whose `quantization_config` tells the two apart.
    func packedMatrices(configuration: JSON) throws(ModelFileError) -> [String: QuantizedMatrix] {
        guard let layout = try PackedLayout(configuration) else { return [:] }
        var matrices: [String: QuantizedMatrix] = [:]
        for name in names where name.hasSuffix(".weight_packed") {
            let module = String(name.dropLast(".weight_packed".count))
            matrices[module + ".weight"] = try file(of: name).matrix(module, layout: layout)
        }
        return matrices
    }
}

extension SafeTensors {
    fileprivate func matrix(_ module: String, layout: PackedLayout) throws(ModelFileError) -> QuantizedMatrix {
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

/// What `quantization_config` says about the weights, in the layout `pack-quantized` of compressed-tensors.
private struct PackedLayout {
    var bits: Int
    /// 0 is one scale per output.
    var groupSize: Int

    /// `nil` for a float model.
    ///
    /// - Parameter model: the whole `config.json`.
    init?(_ model: JSON) throws(ModelFileError) {
        guard let configuration = model["quantization_config"], configuration != .null else { return nil }
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
