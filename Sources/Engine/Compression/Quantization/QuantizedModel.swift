import CanonicalJSON

/// A quantized model as it is stored: tensors under compressed-tensors names, and a configuration that says so.
package struct QuantizedModel: Sendable {
    package var tensors: [String: StoredTensor]
    /// `config.json` with its `quantization_config`.
    package var configuration: JSON
    package var report: QuantizationReport
}

/// How a model's linear layers are stored, and what they are multiplied by.
package enum QuantizationScheme: Hashable, Sendable {
    /// Integer weights; activations stay float.
    case weights(IntegerQuantization)
    /// INT8 weights per output and INT8 activations per token.
    case int8
    /// The same of E4M3 numbers.
    case float8

    /// What weights are rounded to; `nil` for E4M3.
    var grid: IntegerQuantization? {
        switch self {
        case .weights(let grid): grid
        case .int8: .channels
        case .float8: nil
        }
    }

    var layout: PackedLayout {
        switch self {
        case .weights(let grid): .packed(bits: grid.bits, groupSize: grid.groupSize)
        case .int8: .int8
        case .float8: .float8
        }
    }
}
