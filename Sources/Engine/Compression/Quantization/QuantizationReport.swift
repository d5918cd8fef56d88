import CanonicalJSON

/// What quantization did to a model, layer by layer.
package struct QuantizationReport: Hashable, Sendable {
    package struct Layer: Hashable, Sendable {
        /// The module's name, without `.weight`.
        package var name: String
        /// What the weights are stored as, where modules differ in it: `Q6_K`.
        package var type: String?
        package var rows: Int
        package var columns: Int
        /// ‖W − Ŵ‖ / ‖W‖, Frobenius norms; 0 for a matrix of zeros.
        package var relativeError: Double
        /// ‖XW − XŴ‖ / ‖XW‖ on the calibration rows, as the module reads them; `nil` without statistics. Of the weights alone:
        /// the activations are not rounded in it.
        package var reconstructionError: Double?
        package var bytesBefore: Int
        package var bytesAfter: Int
    }

    /// Of every module's weights; `nil` where modules differ.
    package var bits: Int?
    /// 0 is one scale per output; `nil` where modules differ.
    package var groupSize: Int?
    /// By name.
    package var layers: [Layer]
    /// Bytes of all tensors of the model.
    package var bytesBefore: Int
    package var bytesAfter: Int

    package var json: JSON {
        var members: [String: JSON] = [
            "bytes_before": .integer(Int64(bytesBefore)),
            "bytes_after": .integer(Int64(bytesAfter)),
            "layers": .array(layers.map(\.json)),
        ]
        members["bits"] = bits.map(JSON.count)
        members["group_size"] = groupSize.map(JSON.count)
        return .object(members)
    }
}

extension QuantizationReport.Layer {
    fileprivate var json: JSON {
        var members: [String: JSON] = [
            "name": .string(name),
            "shape": [.integer(Int64(rows)), .integer(Int64(columns))],
            "relative_error": .number(relativeError),
            "bytes_before": .integer(Int64(bytesBefore)),
            "bytes_after": .integer(Int64(bytesAfter)),
        ]
        if let type { members["type"] = .string(type) }
        if let reconstructionError { members["reconstruction_error"] = .number(reconstructionError) }
        return .object(members)
    }
}

extension QuantizationReport {
    /// ‖W − Ŵ‖ / ‖W‖ in double precision, summed in row order; 0 where W is zero.
    static func relativeError(of approximation: [Float], to weights: [Float]) -> Double {
        var difference = 0.0
        var norm = 0.0
        for (weight, approximation) in zip(weights, approximation) {
            let error = Double(weight) - Double(approximation)
            difference += error * error
            norm += Double(weight) * Double(weight)
        }
        return norm == 0 ? 0 : (difference / norm).squareRoot()
    }
}
