import BuildModel

/// SplitMix64 on a stream of its own per name: what one template draws never depends on another.
struct RowRandom {
    private var state: UInt64

    init(seed: Int, stream: String) {
        let digest = Digest(hashing: "\(seed)/\(stream)")
        state = digest.bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// An index below a positive bound, by Lemire's multiplication; the bias is below bound / 2⁶⁴.
    mutating func index(below bound: Int) -> Int {
        Int(next().multipliedFullWidth(by: UInt64(bound)).high)
    }
}

/// The numbers 0 ..< count in random order, each once, in memory for those drawn only (Fisher and Yates on a sparse array).
struct RandomOrder: Sequence, IteratorProtocol {
    private let count: Int
    private var random: RowRandom
    private var drawn = 0
    private var moved: [Int: Int] = [:]

    init(count: Int, seed: Int, stream: String) {
        self.count = count
        random = RowRandom(seed: seed, stream: stream)
    }

    mutating func next() -> Int? {
        guard drawn < count else { return nil }
        let place = drawn + random.index(below: count - drawn)
        let number = moved[place] ?? place
        moved[place] = moved[drawn] ?? drawn
        moved[drawn] = nil
        drawn += 1
        return number
    }
}
