/// How precisely the factors of matrix products with float weights are kept. Sums are float32 always.
package struct ProductPrecision: Hashable, Sendable {
    enum Factors {
        case float32
        /// Rounded to 8 bits of significand.
        case bfloat16
    }

    let factors: Factors

    private init(_ factors: Factors) { self.factors = factors }

    /// As they are: the same bits on every processor.
    package static let float32 = ProductPrecision(.float32)

    /// The fastest that this processor has; the bits depend on `Processor.family` then.
    package static var fastest: ProductPrecision {
        switch Processor.family {
        case .avx2, .avx512: .float32
        case .avx512BFloat16: ProductPrecision(.bfloat16)
        }
    }
}
