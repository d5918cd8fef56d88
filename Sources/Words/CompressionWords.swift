/// What pruning removes, and how it chooses.
package enum PruneMethod: String, Word {
    /// Whole layers.
    case depth
    /// Embedding and intermediate channels by importance.
    case width
    /// Neurons and heads by layer-wise reconstruction.
    case osscar
    /// Neurons with the smallest weights.
    case magnitude
    /// Neurons with the smallest activations.
    case activation
}

/// The numbers that weights and activations are rounded to.
package enum QuantScheme: String, Word {
    case w8a16 = "W8A16"
    case w4a16 = "W4A16"
    /// INT8 weights and activations.
    case w8a8Int8 = "W8A8-INT8"
    /// E4M3 weights and activations.
    case w8a8Float8 = "W8A8-FP8"
    /// Mixes of llama.cpp's types, in a GGUF file.
    case q4_K_M = "Q4_K_M"
    case q5_K_M = "Q5_K_M"
    case q6_K = "Q6_K"

    package var bits: Int { self == .w4a16 ? 4 : 8 }
    /// Whether activations are rounded too.
    package var roundsActivations: Bool { self == .w8a8Int8 || self == .w8a8Float8 }
    /// Whether it decides by itself what each matrix becomes, and how many weights share a scale.
    package var isMix: Bool { self == .q4_K_M || self == .q5_K_M || self == .q6_K }
    /// Whether the number of weights that share a scale can be chosen.
    package var hasGroups: Bool { !roundsActivations && !isMix }

    /// What the layout has words for: compressed-tensors', or GGUF's.
    package var methods: [QuantMethod] {
        switch self {
        case .q4_K_M, .q5_K_M, .q6_K: [.roundToNearest, .importance]
        case .w8a16, .w4a16: [.roundToNearest, .gptq, .quantEase]
        case .w8a8Int8: [.roundToNearest, .smoothQuant, .gptq, .quantEase]
        case .w8a8Float8: [.roundToNearest]
        }
    }
}

/// How weights are rounded.
package enum QuantMethod: String, Word {
    case roundToNearest = "rtn"
    case gptq
    case quantEase = "quantease"
    case smoothQuant = "smoothquant"
    /// Scales are searched so that errors count by what the weights are multiplied with.
    case importance = "imatrix"

    /// Whether the method solves for codes, by the products of the layers' inputs.
    package var readsHessians: Bool { self == .gptq || self == .quantEase }
}

/// How many tokens of a vocabulary stay.
package enum KeptVocabulary: Codable, Hashable, Sendable {
    /// Those that the texts of the domain need, and those that any other text is spelled with.
    case used
    /// So many in all.
    case tokens(Int)
    /// Such a share of all, above 0 and below 1.
    case share(Double)

    package static let usedWord = "used"

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let count = try? container.decode(Int.self), count > 0 {
            self = .tokens(count)
        } else if let share = try? container.decode(Double.self), share > 0, share < 1 {
            self = .share(share)
        } else if try container.decode(String.self) == Self.usedWord {
            self = .used
        } else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "neither 'used' nor a number of tokens nor a share of them")
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .used: try container.encode(Self.usedWord)
        case .tokens(let count): try container.encode(count)
        case .share(let share): try container.encode(share)
        }
    }
}
