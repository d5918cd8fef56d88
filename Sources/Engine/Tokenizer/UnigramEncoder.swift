/// Divides a piece of text into the tokens that are likeliest together (Kudo, arXiv 1804.10959), by the best way to each byte.
///
/// Of equally likely ways it takes the one that the `tokenizers` library takes: the first that reaches a byte.
struct UnigramEncoder: Sendable {
    private let trie: PieceTrie
    private let ids: [Spelling: Int]
    private let scores: [Double]
    private let unknown: Int
    /// The score of a character that no token spells.
    private let unknownScore: Double
    /// `<0x00>` to `<0xFF>`, where the model falls back to bytes.
    private let bytes: [Int?]

    /// How far below the least likely token an unknown character is.
    private static let penalty = 10.0

    /// The best way to a byte: its score, its last token, and where this starts; -1 where no way leads there.
    struct Way: Sendable {
        var score = 0.0
        var token: Int32 = -1
        var start: Int32 = -1
    }

    /// - Parameters:
    ///   - pieces: by id. Of equal ones the last counts.
    ///   - fallsBack: whether `<0x0A>` and the like stand for the bytes of unknown text.
    init(pieces: [String], scores: [Double], unknown: Int, fallsBack: Bool) {
        var ids: [Spelling: Int] = [:]
        for (id, piece) in pieces.enumerated() { ids[Spelling(piece)] = id }
        self.ids = ids
        trie = PieceTrie(ids)
        self.scores = scores
        self.unknown = unknown
        unknownScore = (scores.min() ?? 0) - Self.penalty
        bytes = fallsBack ? (UInt8.min...UInt8.max).map { ids[Spelling(CharacterTokens.spelling(of: $0))] } : []
    }

    /// Leaves the piece's tokens in `bench.result`.
    func encode(_ piece: UnsafeBufferPointer<UInt8>, with bench: inout PieceEncoder.Workbench) {
        bench.result.removeAll(keepingCapacity: true)
        findWays(through: piece, &bench.ways)
        var end = piece.count
        var unknownEnd = end
        while end > 0 {
            let way = bench.ways[end]
            let start = Int(way.start)
            if Int(way.token) != unknown {
                appendUnknown(piece, end..<unknownEnd, to: &bench.result)
                bench.result.append(Int(way.token))
                unknownEnd = start
            }
            end = start
        }
        appendUnknown(piece, 0..<unknownEnd, to: &bench.result)
        bench.result.reverse()
    }

    private func findWays(through piece: UnsafeBufferPointer<UInt8>, _ ways: inout [Way]) {
        ways.removeAll(keepingCapacity: true)
        ways.append(contentsOf: repeatElement(Way(), count: piece.count + 1))
        var start = 0
        while start < piece.count {
            let next = piece.scalar(at: start).end
            let score = ways[start].score
            var hasCharacter = false
            func offer(_ total: Double, _ token: Int, end: Int) {
                if ways[end].start < 0 || total > ways[end].score {
                    ways[end] = Way(
                        score: total, token: Int32(truncatingIfNeeded: token), start: Int32(truncatingIfNeeded: start))
                }
            }
            trie.forEachPrefix(of: piece, from: start) { id, end in
                offer(scores[id] + score, id, end: end)
                if end == next { hasCharacter = true }
            }
            if !hasCharacter { offer(unknownScore + score, unknown, end: next) }
            start = next
        }
    }

    /// Unknown text is one token, or its bytes' tokens; in reverse order.
    private func appendUnknown(_ piece: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, to result: inout [Int]) {
        guard !range.isEmpty else { return }
        if let id = ids[Spelling(String(decoding: piece[range], as: UTF8.self))] { return result.append(id) }
        let spelled = bytes.isEmpty ? [] : piece[range].compactMap { bytes[Int($0)] }
        if !bytes.isEmpty, spelled.count == range.count {
            result += spelled.reversed()
        } else {
            result.append(unknown)
        }
    }
}

/// The pieces of a vocabulary as a tree of bytes, in one hash table with open addressing.
struct PieceTrie: Sendable {
    private struct Slot {
        /// A node and a byte that leads on from it; `empty` where there is none.
        var step: UInt64
        var node: UInt32
        /// The piece that ends here; -1 where none does.
        var id: Int32
    }

    private static let empty = UInt64.max

    private var slots: [Slot]
    private let shift: UInt64

    init(_ ids: [Spelling: Int]) {
        let most = ids.keys.reduce(1) { $0 + $1.text.utf8.count }
        var bits: UInt64 = 4
        while 1 << bits < most + most / 2 { bits += 1 }
        shift = 64 - bits
        slots = Array(repeating: Slot(step: Self.empty, node: 0, id: -1), count: 1 << Int(bits))
        var nodes: UInt32 = 1
        for (piece, id) in ids {
            var node: UInt32 = 0
            var place: Int?
            for byte in piece.text.utf8 {
                let step = UInt64(node) << 8 | UInt64(byte)
                let slot = self.place(of: step)
                if slots[slot].step == Self.empty {
                    slots[slot] = Slot(step: step, node: nodes, id: -1)
                    nodes += 1
                }
                node = slots[slot].node
                place = slot
            }
            if let place { slots[place].id = Int32(truncatingIfNeeded: id) }
        }
    }

    /// Calls `body` with the pieces that start at a byte, the shortest first: the id, and where it ends.
    @inline(__always)
    func forEachPrefix(of text: UnsafeBufferPointer<UInt8>, from start: Int, _ body: (Int, Int) -> Void) {
        var node: UInt32 = 0
        for position in start..<text.count {
            let step = UInt64(node) << 8 | UInt64(text[position])
            let slot = slots[place(of: step)]
            guard slot.step == step else { return }
            if slot.id >= 0 { body(Int(slot.id), position + 1) }
            node = slot.node
        }
    }

    @inline(__always) private func place(of step: UInt64) -> Int {
        var slot = Int(((step ^ (step >> 29)) &* 0x9E37_79B9_7F4A_7C15) >> shift)
        while slots[slot].step != step, slots[slot].step != Self.empty { slot = (slot + 1) & (slots.count - 1) }
        return slot
    }
}
