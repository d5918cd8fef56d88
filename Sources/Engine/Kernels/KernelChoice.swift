import Words

/// Which family's kernels `native` takes: the fastest on the model of processor, as it was measured there or is measured here.
///
/// Instructions alone do not tell: `vdpbf16ps` doubles the rate of float32 on one vendor's processors, and halves it on another's.
package enum KernelChoice {
    private struct Measurement: Sendable {
        var vendor: String
        var family: Int
        var models: Set<Int>
        /// From the fastest on; what is not named is slower than the portable kernels.
        var fastest: [ProcessorFamily]
    }

    /// With figures in docs/decisions/0008-numerics.md.
    private static let measured = [
        // Emerald Rapids: the rate of float32, vdpbf16ps half of it, tiles five times of it.
        Measurement(vendor: "GenuineIntel", family: 6, models: [207], fastest: [.amxBFloat16, .avx512, .avx2]),
        // Zen 5, by the models that Linux counts to it: vdpbf16ps 1.8 times the rate of float32.
        Measurement(
            vendor: "AuthenticAMD", family: 26, models: Set(0x00...0x2F).union(0x40...0x4F).union(0x60...0x7F),
            fastest: [.avx512BFloat16, .avx512, .avx2]),
    ]

    /// The family of a model of processors.
    ///
    /// - Parameters:
    ///   - runs: whether a family's kernels run there.
    ///   - test: what decides on models that nobody measured.
    package static func family(
        of model: ProcessorModel, runs: (ProcessorFamily) -> Bool = Processor.runs, test: () -> ProcessorFamily
    ) -> ProcessorFamily {
        let measurement = measured.first {
            $0.vendor == model.vendor && $0.family == model.family && $0.models.contains(model.model)
        }
        return measurement?.fastest.first(where: runs) ?? test()
    }

    /// What the test compares: the portable kernels first.
    package static var candidates: [ProcessorFamily] {
        var families = [Processor.portableFamily]
        families += ([.avx512BFloat16, .amxBFloat16] as [ProcessorFamily]).filter(Processor.runs)
        if let build = OpenBLAS.build { families.append(.openBLAS(build)) }
        return families
    }

    /// The outcome of a test of some milliseconds on one core: in turns, so that other work on the machine delays all of them.
    package static func fastestInTest() -> ProcessorFamily {
        var rates = candidates.map { (family: $0, rate: 0.0) }
        for _ in 0..<8 {
            for index in rates.indices {
                let rate = Processor.speed(threads: 1, in: ProductPrecision(rates[index].family))
                rates[index].rate = max(rates[index].rate, rate)
            }
        }
        return fastest(rates) ?? Processor.portableFamily
    }

    /// What another family must be faster by, so that noise does not choose: a machine's results should keep their keys.
    private static let leastGain = 1.25

    /// The fastest by the rates of products; a family in front of it where it is little faster. `nil` where there is none.
    package static func fastest(_ rates: [(family: ProcessorFamily, rate: Double)]) -> ProcessorFamily? {
        guard var best = rates.first else { return nil }
        for next in rates.dropFirst() where next.rate >= leastGain * best.rate { best = next }
        return best.family
    }
}
