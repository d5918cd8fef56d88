import CKernels

/// What this machine's processor can do.
package enum Processor {
    /// Whether it has the AVX2 and FMA instructions that the engine is compiled for.
    package static var supportsPortableNumerics: Bool { decant_supports_portable_numerics() == 1 }

    /// What the choice of the fastest kernels depends on.
    package enum Family: Hashable, Sendable {
        case avx2
        case avx512
        /// With products of bfloat16.
        case avx512BFloat16
    }

    /// Of this machine, within what `DECANT_VECTORS` allows.
    package static var family: Family {
        if decant_has_bfloat16() == 1 { return .avx512BFloat16 }
        return decant_vectors() == decant_vectors_avx512 ? .avx512 : .avx2
    }
}
