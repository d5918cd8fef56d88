/// Two neighbouring tokens.
struct TokenPair: Hashable, Comparable, Sendable {
    var left: Int
    var right: Int

    static func < (a: TokenPair, b: TokenPair) -> Bool { (a.left, a.right) < (b.left, b.right) }
}

/// A merge: the pair and the token it becomes. A merge's place in the list is its rank.
struct TokenMerge: Hashable, Sendable {
    var pair: TokenPair
    var token: Int
}

/// Merges by their pair: one flat table with open addressing, which a lookup enters at the place of the pair's hash.
struct MergeTable: Sendable {
    struct Merge {
        var rank: UInt32
        var token: UInt32
    }

    private struct Slot {
        var pair: UInt64
        var merge: Merge
    }

    /// No pair: token ids have 31 bits.
    private static let empty = UInt64.max

    private var slots: [Slot]
    private let shift: UInt64

    init(_ merges: [TokenMerge]) {
        var bits: UInt64 = 4
        while 1 << bits < merges.count + merges.count / 2 { bits += 1 }
        shift = 64 - bits
        slots = Array(repeating: Slot(pair: Self.empty, merge: Merge(rank: 0, token: 0)), count: 1 << Int(bits))
        for (rank, merge) in merges.enumerated() {
            let pair = Self.key(UInt32(merge.pair.left), UInt32(merge.pair.right))
            let slot = place(of: pair)
            slots[slot] = Slot(pair: pair, merge: Merge(rank: UInt32(rank), token: UInt32(merge.token)))
        }
    }

    @inline(__always) subscript(left: UInt32, right: UInt32) -> Merge? {
        let pair = Self.key(left, right)
        let slot = slots[place(of: pair)]
        return slot.pair == pair ? slot.merge : nil
    }

    private static func key(_ left: UInt32, _ right: UInt32) -> UInt64 { UInt64(left) << 32 | UInt64(right) }

    /// The slot of a pair, or the empty one where it would stand.
    @inline(__always) private func place(of pair: UInt64) -> Int {
        // Multiplicative hashing; the constant is 2^64 over the golden ratio.
        var slot = Int(((pair ^ (pair >> 29)) &* 0x9E37_79B9_7F4A_7C15) >> shift)
        while slots[slot].pair != pair, slots[slot].pair != Self.empty { slot = (slot + 1) & (slots.count - 1) }
        return slot
    }
}
