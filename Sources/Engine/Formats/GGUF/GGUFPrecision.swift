/// How a GGUF file stores a model's matrices. Norms and biases are F32, matrices whose rows do not divide into blocks a type with
/// smaller blocks, or F16.
package enum GGUFPrecision: String, CaseIterable, Sendable {
    case f32
    case f16
    case q8_0
    case q4_0
    /// llama.cpp's mixes: matrices that a model is sensitive to have more bits.
    case q4_K_M = "Q4_K_M"
    case q5_K_M = "Q5_K_M"
    case q6_K = "Q6_K"

    /// What most matrices are.
    private var common: GGUFTensorType {
        switch self {
        case .f32: .f32
        case .f16: .f16
        case .q8_0: .q8_0
        case .q4_0: .q4_0
        case .q4_K_M: .q4_K
        case .q5_K_M: .q5_K
        case .q6_K: .q6_K
        }
    }

    /// Whether matrices have different types, whose scales are searched by importance.
    package var isMixed: Bool { common.blockLength == 256 }

    func type(of parameter: Parameter, in model: ModelConfiguration) -> GGUFTensorType {
        guard parameter.shape.count == 2 else { return .f32 }
        let wanted = isMixed && needsMoreBits(parameter, model) ? .q6_K : common
        return wanted.fitting(columns: parameter.shape[1])
    }

    /// The head; values and down projections in the first and the last eighth of the layers, and in every third between them.
    private func needsMoreBits(_ parameter: Parameter, _ model: ModelConfiguration) -> Bool {
        switch parameter.role {
        case .head: return true
        case .embedding: return model.tiesEmbeddings
        default: break
        }
        guard let layer = parameter.layer, parameter.makesValues || parameter.input == .down else { return false }
        let (count, first) = (model.layerCount, model.layerCount / 8)
        return layer < first || layer >= 7 * count / 8 || (layer - first) % 3 == 2
    }

    /// `general.file_type`: what most tensors are.
    var fileType: Int {
        switch self {
        case .f32: 0
        case .f16: 1
        case .q8_0: 7
        case .q4_0: 2
        case .q4_K_M: 15
        case .q5_K_M: 17
        case .q6_K: 18
        }
    }

    /// Whether matrices become integers.
    var isQuantized: Bool { common.blockLength > 1 }
}

extension Parameter {
    /// Whether it projects to values, alone or with queries and keys.
    fileprivate var makesValues: Bool { ["attn_v.weight", "attn_qkv.weight"].contains { ggufName.hasSuffix($0) } }
}

extension GGUFTensorType {
    /// The type itself, or one that rows of a length divide into: of about as many bits, else F16.
    fileprivate func fitting(columns: Int) -> GGUFTensorType {
        if columns.isMultiple(of: blockLength) { return self }
        switch self {
        case .q4_K: return GGUFTensorType.q5_0.fitting(columns: columns)
        case .q5_K: return GGUFTensorType.q5_1.fitting(columns: columns)
        case .q6_K: return GGUFTensorType.q8_0.fitting(columns: columns)
        default: return .f16
        }
    }
}
