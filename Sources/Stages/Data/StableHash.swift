import BuildModel

/// Choices that look random, and depend on nothing but a seed and a text.
enum StableHash {
    /// A number in [0, 1), uniform over texts: the first 52 bits of a SHA-256.
    static func unit(_ purpose: String, _ seed: Int, _ text: String) -> Double {
        let bytes = Digest(hashing: "\(purpose)/\(seed)/\(text)").bytes
        let bits = bytes.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) } >> 12
        return Double(bits) / Double(UInt64(1) << 52)
    }
}
