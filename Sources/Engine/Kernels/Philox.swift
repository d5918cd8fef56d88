/// What random numbers are drawn for. Each purpose has its own stream.
package enum RandomPurpose: UInt32, Sendable {
    case initialization = 1
    case shuffling = 2
    case sampling = 3
    /// Seeds for sampling in single steps.
    case stepSeeds = 4
    case adapters = 5
    case tokenDropout = 6
    /// Times at which requests go out, and words that they ask about.
    case arrivals = 7
    case prompts = 8
}

/// The counter-based random number generator Philox 4×32-10 (Salmon et al., 2011).
///
/// A number is a pure function of seed, purpose, step and index, so that work may be divided and resumed anywhere.
package struct Philox: Sendable {
    private let key: SIMD2<UInt32>
    private let purpose: RandomPurpose
    private let step: UInt64

    package init(seed: UInt64, purpose: RandomPurpose, step: UInt64 = 0) {
        key = SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
        (self.purpose, self.step) = (purpose, step)
    }

    /// Four random words.
    func words(_ index: UInt32) -> SIMD4<UInt32> {
        let low = UInt32(truncatingIfNeeded: step)
        let high = UInt32(truncatingIfNeeded: step >> 32)
        return Philox.block(counter: SIMD4(index, purpose.rawValue, low, high), key: key)
    }

    /// A seed for the sampling of one step.
    static func stepSeed(_ seed: UInt64, step: Int) -> UInt64 {
        let words = Philox(seed: seed, purpose: .stepSeeds, step: UInt64(step)).words(0)
        return UInt64(words[0]) << 32 | UInt64(words[1])
    }

    /// Uniform in [0, 1), with 53 random bits.
    package func uniform(_ index: UInt32) -> Double {
        let words = words(index)
        return Double(UInt64(words[0]) << 21 ^ UInt64(words[1]) >> 11) * 0x1p-53
    }

    /// A pair of independent standard normal numbers (Box–Muller).
    func normals(_ index: UInt32) -> (Double, Double) {
        let words = words(index)
        let radius = (-2 * PortableMath.log((Double(words[0]) + 0.5) * 0x1p-32)).squareRoot()
        let angle = PortableMath.cosineAndSine(2 * Double.pi * Double(words[1]) * 0x1p-32)
        return (radius * angle.cosine, radius * angle.sine)
    }

    /// A uniformly random order of 0..<count (Fisher–Yates).
    func permutation(_ count: Int) -> [Int] {
        var order = Array(0..<count)
        for last in stride(from: count - 1, to: 0, by: -1) {
            order.swapAt(last, Int(uniform(UInt32(last)) * Double(last + 1)))
        }
        return order
    }

    static func block(counter: SIMD4<UInt32>, key: SIMD2<UInt32>) -> SIMD4<UInt32> {
        var counter = counter
        var key = key
        for _ in 0..<10 {
            let first = UInt64(0xD251_1F53) * UInt64(counter[0])
            let second = UInt64(0xCD9E_8D57) * UInt64(counter[2])
            counter = SIMD4(
                UInt32(truncatingIfNeeded: second >> 32) ^ counter[1] ^ key[0], UInt32(truncatingIfNeeded: second),
                UInt32(truncatingIfNeeded: first >> 32) ^ counter[3] ^ key[1], UInt32(truncatingIfNeeded: first))
            key = key &+ SIMD2(0x9E37_79B9, 0xBB67_AE85)
        }
        return counter
    }
}
