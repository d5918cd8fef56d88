/// The tokens of pieces that were encoded before. Text repeats its words, so most lookups end here.
///
/// Keys and values are stored in two arrays, and the slots of an open hash table point into them. A full table is emptied and
/// made larger, up to a limit. The cache changes the speed of encoding and never its result.
struct PieceCache: Sendable {
    /// Longer pieces are rarely repeated.
    static let maximumLength = 64
    private static let maximumSlots = 1 << 16
    /// Slots that are searched for a piece, from that of its hash on; a piece that finds no free one is not cached.
    private static let maximumDistance = 8

    private struct Slot {
        var hash: UInt64 = 0
        var keyStart: UInt32 = 0
        var tokenStart: UInt32 = 0
        var keyLength: UInt16 = 0
        var tokenCount: UInt16 = 0
    }

    private var slots = Array(repeating: Slot(), count: 1 << 12)
    private var used = 0
    private var keys: [UInt8] = []
    private var tokens: [UInt32] = []

    /// Appends the tokens of a piece to `ids`; returns false where the piece is not cached.
    @inline(__always) func append(_ piece: UnsafeBufferPointer<UInt8>, hash: UInt64, to ids: inout [Int]) -> Bool {
        var index = Int(truncatingIfNeeded: hash >> 32) & (slots.count - 1)
        for _ in 0..<Self.maximumDistance {
            let slot = slots[index]
            if slot.keyLength == 0 { return false }
            if slot.hash == hash, Int(slot.keyLength) == piece.count, equals(piece, keyAt: Int(slot.keyStart)) {
                for position in Int(slot.tokenStart)..<Int(slot.tokenStart) + Int(slot.tokenCount) {
                    ids.append(Int(tokens[position]))
                }
                return true
            }
            index = (index + 1) & (slots.count - 1)
        }
        return false
    }

    mutating func insert(_ piece: UnsafeBufferPointer<UInt8>, hash: UInt64, tokens new: some Collection<Int>) {
        if used > slots.count / 2 { forget() }
        var index = Int(truncatingIfNeeded: hash >> 32) & (slots.count - 1)
        for _ in 0..<Self.maximumDistance {
            if slots[index].keyLength == 0 {
                slots[index] = Slot(
                    hash: hash, keyStart: UInt32(keys.count), tokenStart: UInt32(tokens.count),
                    keyLength: UInt16(piece.count), tokenCount: UInt16(new.count))
                keys.append(contentsOf: piece)
                for token in new { tokens.append(UInt32(token)) }
                used += 1
                return
            }
            index = (index + 1) & (slots.count - 1)
        }
    }

    private mutating func forget() {
        slots = Array(repeating: Slot(), count: min(2 * slots.count, Self.maximumSlots))
        used = 0
        keys.removeAll(keepingCapacity: true)
        tokens.removeAll(keepingCapacity: true)
    }

    @inline(__always) private func equals(_ piece: UnsafeBufferPointer<UInt8>, keyAt start: Int) -> Bool {
        for offset in 0..<piece.count where keys[start + offset] != piece[offset] { return false }
        return true
    }

    /// A hash for use in memory only: eight bytes at a time, multiplied and folded.
    @inline(__always) static func hash(_ piece: UnsafeBufferPointer<UInt8>) -> UInt64 {
        var hash = UInt64(piece.count) &* 0x9E37_79B9_7F4A_7C15
        var position = 0
        while position < piece.count {
            var word: UInt64 = 0
            let count = min(8, piece.count - position)
            for offset in 0..<count { word |= UInt64(piece[position + offset]) << UInt64(8 * offset) }
            let product = (hash ^ word).multipliedFullWidth(by: 0xA076_1D64_78BD_642F)
            hash = product.high ^ product.low
            position += count
        }
        return hash
    }
}
