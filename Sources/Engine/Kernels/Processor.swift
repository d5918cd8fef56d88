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

    /// The family of this machine, within the limit that `DECANT_VECTORS` sets.
    package static var family: Family {
        if decant_has_bfloat16() == 1 { return .avx512BFloat16 }
        return decant_vectors() == decant_vectors_avx512 ? .avx512 : .avx2
    }
}

extension Processor {
    /// Floating-point operations a second of this many threads in a matrix product, measured in a few milliseconds.
    package static func speed(threads: Int) -> Double {
        let (rows, columns, depth) = (256, 256, 256)
        return withUnsafeTemporaryAllocation(of: Float.self, capacity: rows * depth + depth * columns + rows * columns) {
            memory in
            guard let base = memory.baseAddress else { return 1e11 }
            memory.initialize(repeating: 0.5)
            let a = MatrixView(base, rows, depth)
            let b = MatrixView(base + rows * depth, depth, columns)
            let c = MatrixView(base + rows * depth + depth * columns, rows, columns)
            let clock = ContinuousClock()
            let best = (0..<5).map { _ in clock.measure { MatrixMultiply.product(a, b, into: c) } }.min() ?? .seconds(1)
            let seconds = max(Double(best.components.attoseconds) * 1e-18 + Double(best.components.seconds), 1e-6)
            return Double(2 * rows * columns * depth) / seconds * Double(threads)
        }
    }
}

/// The precision of the factors in matrix products with float weights. Sums are always float32.
package struct ProductPrecision: Hashable, Sendable {
    enum Factors {
        case float32
        /// Rounded to 8 bits of significand.
        case bfloat16
    }

    let factors: Factors

    private init(_ factors: Factors) { self.factors = factors }

    /// Factors are not rounded: the same bits on every processor.
    package static let float32 = ProductPrecision(.float32)

    /// The fastest precision of this processor; the bits then depend on `Processor.family`.
    package static var fastest: ProductPrecision {
        switch Processor.family {
        case .avx2, .avx512: .float32
        case .avx512BFloat16: ProductPrecision(.bfloat16)
        }
    }
}
