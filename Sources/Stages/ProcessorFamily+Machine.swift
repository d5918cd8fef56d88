import BuildModel
import Engine

extension ProcessorFamily {
    /// This machine's: what `native` means here.
    package static var ofThisMachine: ProcessorFamily {
        switch Processor.family {
        case .avx2: .avx2
        case .avx512: .avx512
        case .avx512BFloat16: .avx512BFloat16
        }
    }
}

extension Numerics {
    /// Whether this machine gives the profile's bytes.
    package var isOfThisMachine: Bool { self == .portable || self == .native(.ofThisMachine) }
}

extension ProductPrecision {
    /// How an action's products are computed.
    ///
    /// - Throws: where the action was made for processors of another family.
    package init(_ numerics: Numerics) throws(StageFailure) {
        guard numerics.isOfThisMachine else {
            throw StageFailure(
                "the action's numerics are \(numerics.rawValue); this machine's are portable and "
                    + Numerics.native(.ofThisMachine).rawValue)
        }
        switch numerics {
        case .portable: self = .float32
        case .native: self = .fastest
        }
    }
}
