/// Turns the bytes of one piece of text into tokens: it merges the pair of lowest rank, the leftmost first, until none is left.
struct BytePairEncoder: Sendable {
    /// What merges start from.
    enum Start: Sendable {
        case bytes(ByteTokens)
        case characters(CharacterTokens)
    }

    private let start: Start
    private let merges: MergeTable
    /// Tokens by their bytes, for tokenizers that keep a piece whole where it is a token.
    private let wholePieces: [ArraySlice<UInt8>: Int]

    /// - Parameter wholePieces: tokens that need no merges; empty where all tokens need them.
    init(start: Start, merges: [TokenMerge], wholePieces: [ArraySlice<UInt8>: Int] = [:]) {
        self.start = start
        self.merges = MergeTable(merges)
        self.wholePieces = wholePieces
    }

    /// Leaves the piece's tokens in `bench.result`.
    func encode(_ piece: UnsafeBufferPointer<UInt8>, with bench: inout PieceEncoder.Workbench) {
        bench.result.removeAll(keepingCapacity: true)
        if !wholePieces.isEmpty, let token = wholePieces[ArraySlice(piece)] {
            bench.result.append(token)
        } else {
            merge(piece, with: &bench) { _ in }
        }
    }

    /// The tokens on the way to those of a piece, these among them: what merges start from, and what each of them makes.
    func way(through piece: UnsafeBufferPointer<UInt8>, with bench: inout PieceEncoder.Workbench) -> Set<Int> {
        startTokens(of: piece, into: &bench.tokens)
        var met = Set(bench.tokens)
        bench.result.removeAll(keepingCapacity: true)
        merge(piece, with: &bench) { met.insert($0) }
        return Set(met.map { Int($0) })
    }

    private func startTokens(of piece: UnsafeBufferPointer<UInt8>, into tokens: inout [UInt32]) {
        switch start {
        case .bytes(let bytes): bytes.tokens(of: piece, into: &tokens)
        case .characters(let characters): characters.tokens(of: piece, into: &tokens)
        }
    }

    /// Merges with a doubly linked list of the remaining positions and a queue of candidates, in n·log n steps.
    ///
    /// - Parameter note: is told of each token that is made.
    @inline(__always)
    private func merge(
        _ piece: UnsafeBufferPointer<UInt8>, with bench: inout PieceEncoder.Workbench, _ note: (UInt32) -> Void
    ) {
        startTokens(of: piece, into: &bench.tokens)
        let count = bench.tokens.count
        bench.next.removeAll(keepingCapacity: true)
        bench.previous.removeAll(keepingCapacity: true)
        for position in 0..<count {
            bench.next.append(Int32(position + 1))
            bench.previous.append(Int32(position - 1))
        }
        bench.queue.removeAll()
        for position in 0..<max(count, 1) - 1 {
            if let merge = merges[bench.tokens[position], bench.tokens[position + 1]] {
                bench.queue.insert(Self.candidate(merge, at: position))
            }
        }
        while let candidate = bench.queue.popFirst() {
            let position = Int(candidate & 0xFFFF_FFFF)
            let right = Int(bench.next[position])
            // A queued candidate may be out of date: a merged position points beyond the end.
            guard right < count, let merge = merges[bench.tokens[position], bench.tokens[right]],
                merge.rank == UInt32(candidate >> 32)
            else { continue }
            bench.tokens[position] = merge.token
            note(merge.token)
            let after = Int(bench.next[right])
            bench.next[right] = Int32(count)
            bench.next[position] = Int32(after)
            if after < count {
                bench.previous[after] = Int32(position)
                if let new = merges[merge.token, bench.tokens[after]] { bench.queue.insert(Self.candidate(new, at: position)) }
            }
            let before = Int(bench.previous[position])
            if before >= 0, let new = merges[bench.tokens[before], merge.token] {
                bench.queue.insert(Self.candidate(new, at: before))
            }
        }
        var position = 0
        while position < count {
            bench.result.append(Int(bench.tokens[position]))
            position = Int(bench.next[position])
        }
    }

    private static func candidate(_ merge: MergeTable.Merge, at position: Int) -> UInt64 {
        UInt64(merge.rank) << 32 | UInt64(position)
    }
}

/// The tokens of single bytes, which merges start from.
struct ByteTokens: Sendable {
    /// Tokens by byte. A vocabulary may lack some bytes; it cannot spell text with them.
    private let tokens: [UInt32]
    /// The token for bytes that have none; without it such bytes are omitted.
    var unknown: Int?
    /// Whether adjacent bytes without a token become one unknown token.
    var joinsUnknown = false

    private static let none = UInt32.max

    /// - Parameter tokens: the tokens of the 256 bytes.
    init(_ tokens: [Int?]) { self.tokens = tokens.map { $0.map(UInt32.init) ?? Self.none } }

    func tokens(of piece: UnsafeBufferPointer<UInt8>, into result: inout [UInt32]) {
        result.removeAll(keepingCapacity: true)
        var isAfterUnknown = false
        for byte in piece {
            let token = tokens[Int(byte)]
            if token != Self.none {
                result.append(token)
            } else if let unknown, !(isAfterUnknown && joinsUnknown) {
                result.append(UInt32(unknown))
            }
            isAfterUnknown = token == Self.none
        }
    }
}

/// Two adjacent tokens.
struct TokenPair: Hashable, Comparable, Sendable {
    var left: Int
    var right: Int

    static func < (a: TokenPair, b: TokenPair) -> Bool { (a.left, a.right) < (b.left, b.right) }
}

/// A pair of tokens and the token that it becomes. A merge's index in the list is its rank.
struct TokenMerge: Hashable, Sendable {
    var pair: TokenPair
    var token: Int
}

/// Merges by their pair, in one flat hash table with open addressing.
struct MergeTable: Sendable {
    struct Merge {
        var rank: UInt32
        var token: UInt32
    }

    private struct Slot {
        var pair: UInt64
        var merge: Merge
    }

    /// A slot without a pair: token ids have 31 bits.
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

    /// The slot of a pair, or the empty slot where it would be.
    @inline(__always) private func place(of pair: UInt64) -> Int {
        // Multiplicative hashing; the constant is 2^64 over the golden ratio.
        var slot = Int(((pair ^ (pair >> 29)) &* 0x9E37_79B9_7F4A_7C15) >> shift)
        while slots[slot].pair != pair, slots[slot].pair != Self.empty { slot = (slot + 1) & (slots.count - 1) }
        return slot
    }
}
