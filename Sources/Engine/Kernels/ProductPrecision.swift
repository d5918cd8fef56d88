import Words

/// The precision of the factors in matrix products with float weights, and whose kernels multiply them. Sums are always float32.
package struct ProductPrecision: Hashable, Sendable {
    enum Kernels {
        case float32
        /// Factors are rounded to 8 bits of significand.
        case bfloat16
        /// The same in the tiles of AMX, which sum in another order.
        case amx
        /// Factors are not rounded; models that run use the kernels of `float32`.
        case openBLAS
    }

    let kernels: Kernels

    private init(_ kernels: Kernels) { self.kernels = kernels }

    /// Factors are not rounded: the same bits on every processor.
    package static let float32 = ProductPrecision(.float32)

    /// That of a family, which this machine must run.
    package init(_ family: ProcessorFamily) {
        switch family {
        case .avx2, .avx512: self = .float32
        case .avx512BFloat16: self.init(.bfloat16)
        case .amxBFloat16: self.init(.amx)
        case .openBLAS: self.init(.openBLAS)
        }
    }

    /// The fastest of this processor.
    package static let fastest = ProductPrecision(KernelChoice.family(of: .current, test: KernelChoice.fastestInTest))
}
