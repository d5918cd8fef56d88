import CanonicalJSON

/// A quantized model as it is stored: tensors under compressed-tensors names, and a configuration that says so.
public struct QuantizedModel: Sendable {
    public var tensors: [String: StoredTensor]
    /// `config.json` with its `quantization_config`.
    public var configuration: JSON
    public var report: QuantizationReport
}

extension IntegerQuantization {
    /// Quantizes the linear layers of a model.
    ///
    /// - Parameters:
    ///   - tensors: the float model's tensors by name. Linear layers are the matrices `….weight` but for the embedding.
    ///   - configuration: the model's `config.json`.
    ///   - ignored: modules that stay in float: a whole name or the end of one (`lm_head`, `down_proj`).
    public func quantize(
        model tensors: [String: StoredTensor], configuration: JSON, ignoring ignored: [String] = ["lm_head"]
    ) throws(QuantizationError) -> QuantizedModel {
        guard configuration["quantization_config"] == nil else {
            throw QuantizationError("The model is quantized already; quantize the float model it was made from.")
        }
        var result: [String: StoredTensor] = [:]
        var layers: [QuantizationReport.Layer] = []
        // A tied head has no tensor of its own, but other libraries see a linear layer there.
        var inFloat: Set = ["lm_head"]
        for (name, tensor) in tensors.sorted(by: { $0.key < $1.key }) {
            guard let module = Self.linearModule(name, tensor) else {
                result[name] = tensor
                continue
            }
            if ignored.contains(where: { module == $0 || module.hasSuffix("." + $0) }) {
                result[name] = tensor
                inFloat.insert(module)
                continue
            }
            guard let weights = tensor.floats() else {
                throw QuantizationError("\(name) holds \(tensor.elementType.rawValue) where floats are expected.")
            }
            inFloat.remove(module)
            let matrix = try quantize(weights, rows: tensor.shape[0], columns: tensor.shape[1], name: name)
            result.merge(matrix.storedTensors(module: module)) { _, new in new }
            layers.append(
                QuantizationReport.Layer(
                    name: module, rows: matrix.rows, columns: matrix.columns,
                    relativeError: matrix.relativeError(to: weights),
                    bytesBefore: tensor.bytes.count, bytesAfter: matrix.byteCount))
        }
        guard !layers.isEmpty else {
            throw QuantizationError("No linear layer is left to quantize; shorten the list of ignored modules.")
        }
        return QuantizedModel(
            tensors: result,
            configuration: self.configuration(extending: configuration, ignored: inFloat.sorted()),
            report: QuantizationReport(
                bits: bits, groupSize: groupSize, layers: layers,
                bytesBefore: tensors.values.reduce(0) { $0 + $1.bytes.count },
                bytesAfter: result.values.reduce(0) { $0 + $1.bytes.count }))
    }

    /// The module whose linear weight the tensor is.
    private static func linearModule(_ name: String, _ tensor: StoredTensor) -> String? {
        guard tensor.shape.count == 2, name.hasSuffix(".weight"), !name.hasSuffix("embed_tokens.weight") else { return nil }
        return String(name.dropLast(".weight".count))
    }

    private func configuration(extending configuration: JSON, ignored: [String]) -> JSON {
        var weights: [String: JSON] = [
            "num_bits": .integer(Int64(bits)), "type": "int", "symmetric": true, "dynamic": false,
            "strategy": groupSize == 0 ? "channel" : "group",
        ]
        if groupSize > 0 { weights["group_size"] = .integer(Int64(groupSize)) }
        var members = configuration.object ?? [:]
        members["quantization_config"] = [
            "quant_method": "compressed-tensors",
            "format": "pack-quantized",
            "quantization_status": "compressed",
            "config_groups": ["group_0": ["targets": ["Linear"], "weights": .object(weights)]],
            "ignore": .array(ignored.map(JSON.string)),
        ]
        return .object(members)
    }
}
