import Foundation

/// SentencePiece's table of characters and what they become: `precompiled_charsmap`.
///
/// The bytes are the length of a trie (32 bits), the trie as a double array of 32-bit units (Aoe 1989, in the layout of
/// darts-clone), and the texts that its values point to, each up to a zero.
struct PrecompiledCharacters: Hashable, Sendable {
    private let units: [UInt32]
    private let texts: [UInt8]

    /// - Throws: a fault where the bytes are not such a table.
    init(base64: String) throws(TokenizerFault) {
        guard let data = Data(base64Encoded: base64) else { throw TokenizerFault("its precompiled_charsmap is not base64") }
        let bytes = Array(data)
        func word(_ place: Int) -> UInt32 { (0..<4).reduce(0) { $0 | UInt32(bytes[place + $1]) << UInt32(8 * $1) } }
        guard bytes.count >= 4, case let size = Int(word(0)), size % 4 == 0, size > 0, size <= bytes.count - 4 else {
            throw TokenizerFault("its precompiled_charsmap is damaged: its length does not fit")
        }
        units = stride(from: 4, to: 4 + size, by: 4).map(word)
        texts = Array(bytes[(4 + size)...])
    }

    /// The text with every character replaced that the table has; short characters of several code points as a whole.
    func normalized(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(text.count)
        for character in String(decoding: text, as: UTF8.self) {
            let bytes = Array(character.utf8)
            if bytes.count < 6, let replacement = replacement(for: bytes[...]) {
                result += replacement
                continue
            }
            for scalar in character.unicodeScalars {
                let bytes = Array(String(scalar).utf8)
                result += replacement(for: bytes[...]) ?? bytes[...]
            }
        }
        return result
    }

    /// What the shortest beginning in the table becomes.
    private func replacement(for key: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        func offset(_ unit: UInt32) -> Int { Int((unit >> 10) << ((unit & (1 << 9)) >> 6)) }
        var place = offset(units[0])
        for byte in key {
            guard byte != 0 else { return nil }
            place ^= Int(byte)
            guard units.indices.contains(place), units[place] & (1 << 31 | 0xFF) == UInt32(byte) else { return nil }
            let unit = units[place]
            place ^= offset(unit)
            guard units.indices.contains(place) else { return nil }
            if unit >> 8 & 1 == 1 {
                let start = Int(units[place] & ~(1 << 31))
                guard texts.indices.contains(start) else { return nil }
                return texts[start..<(texts[start...].firstIndex(of: 0) ?? texts.endIndex)]
            }
        }
        return nil
    }
}
