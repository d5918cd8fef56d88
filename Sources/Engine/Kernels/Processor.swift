import CKernels
import Words

/// What this machine's processor can do.
package enum Processor {
    /// Whether it has the AVX2 and FMA instructions that the engine is compiled for.
    package static var supportsPortableNumerics: Bool { decant_supports_portable_numerics() == 1 }

    /// Whether a family's kernels run here, within the limit that `DECANT_VECTORS` sets.
    package static func runs(_ family: ProcessorFamily) -> Bool {
        switch family {
        case .avx2: supportsPortableNumerics
        case .avx512: decant_vectors() == decant_vectors_avx512
        case .avx512BFloat16: decant_has_bfloat16() == 1
        case .amxBFloat16: decant_has_amx() == 1
        case .openBLAS(let build): OpenBLAS.build == build
        }
    }

    /// The family of the portable kernels here: they use the widest vectors anyway.
    package static var portableFamily: ProcessorFamily { runs(.avx512) ? .avx512 : .avx2 }
}

/// A model of processors, as CPUID names it.
package struct ProcessorModel: Hashable, Sendable, CustomStringConvertible {
    /// `GenuineIntel`, `AuthenticAMD`
    package let vendor: String
    package let family: Int
    package let model: Int

    package init(vendor: String, family: Int, model: Int) { (self.vendor, self.family, self.model) = (vendor, family, model) }

    /// This machine's.
    package static var current: ProcessorModel {
        let found = decant_this_processor()
        let vendor = withUnsafeBytes(of: found.vendor) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        return ProcessorModel(vendor: vendor, family: Int(found.family), model: Int(found.model))
    }

    package var description: String { "\(vendor) \(family)/\(model)" }
}

extension Processor {
    /// Floating-point operations a second of this many threads in a matrix product, measured in a few milliseconds.
    package static func speed(threads: Int, in precision: ProductPrecision = .float32) -> Double {
        let (rows, columns, depth) = (256, 256, 256)
        return withUnsafeTemporaryAllocation(of: Float.self, capacity: rows * depth + depth * columns + rows * columns) {
            memory in
            guard let base = memory.baseAddress else { return 1e11 }
            memory.initialize(repeating: 0.5)
            let a = MatrixView(base, rows, depth)
            let b = MatrixView(base + rows * depth, depth, columns)
            let c = MatrixView(base + rows * depth + depth * columns, rows, columns)
            let clock = ContinuousClock()
            let best =
                (0..<5).map { _ in clock.measure { MatrixMultiply.product(a, b, into: c, in: precision) } }.min() ?? .seconds(1)
            let seconds = max(Double(best.components.attoseconds) * 1e-18 + Double(best.components.seconds), 1e-6)
            return Double(2 * rows * columns * depth) / seconds * Double(threads)
        }
    }
}
