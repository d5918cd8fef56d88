/// The bytes that each token of a vocabulary stands for.
struct TokenBytes: Sendable {
    private var bytes: [UInt8] = []
    /// The start of each token in `bytes`, and the end of the last.
    private var starts: [Int] = [0]

    /// - Parameter spellings: by id: byte symbols, or any other text, whose bytes are its own.
    init(_ spellings: [String?], _ decoder: TokenDecoder) {
        starts.reserveCapacity(spellings.count + 1)
        for spelling in spellings {
            if let spelling { bytes.append(contentsOf: decoder.bytes(of: spelling)) }
            starts.append(bytes.count)
        }
    }

    /// The bytes of a token; none for an unknown id.
    subscript(id: Int) -> ArraySlice<UInt8> {
        guard (0..<starts.count - 1).contains(id) else { return [] }
        return bytes[starts[id]..<starts[id + 1]]
    }

    /// The id of each token by its bytes.
    func ids(without left: Set<Int>) -> [ArraySlice<UInt8>: Int] {
        var ids: [ArraySlice<UInt8>: Int] = [:]
        ids.reserveCapacity(starts.count)
        for id in 0..<starts.count - 1 where !left.contains(id) { ids[self[id]] = id }
        return ids
    }
}

/// The characters that stand for the 256 bytes in a byte-level vocabulary.
///
/// Printable Latin-1 characters stand for themselves; the other 68 bytes use the characters from U+0100 on, in order.
enum ByteAlphabet {
    /// The symbol of each byte.
    static let symbols: [Unicode.Scalar] = {
        var next: UInt8 = 0
        return (UInt8.min...UInt8.max).map { byte in
            switch byte {
            case 0x21...0x7E, 0xA1...0xAC, 0xAE...0xFF: return Unicode.Scalar(byte)
            default:
                defer { next += 1 }
                return Unicode.Scalar(0x100 + UInt16(next)) ?? "?"
            }
        }
    }()

    /// The 256 bytes in the order of their symbols' code points, which is also the order of their token ids.
    static let bytesInSymbolOrder: [UInt8] = (UInt8.min...UInt8.max).sorted { symbols[Int($0)] < symbols[Int($1)] }

    /// The byte of each symbol by code point, up to the last symbol, U+0143; nil for other characters.
    private static let bytes: [UInt8?] = {
        var bytes = [UInt8?](repeating: nil, count: 0x144)
        for byte in UInt8.min...UInt8.max { bytes[Int(symbols[Int(byte)].value)] = byte }
        return bytes
    }()

    /// Appends the bytes of a token's spelling; appends nothing and returns false where a character is no symbol.
    static func append(bytesSpelled token: String, to result: inout [UInt8]) -> Bool {
        let start = result.count
        for scalar in token.unicodeScalars {
            guard scalar.value < bytes.count, let byte = bytes[Int(scalar.value)] else {
                result.removeSubrange(start...)
                return false
            }
            result.append(byte)
        }
        return true
    }

    /// The symbols of bytes as UTF-8.
    static func symbols(of bytes: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(2 * bytes.count)
        for byte in bytes {
            let symbol = symbols[Int(byte)].value
            if symbol < 0x80 {
                result.append(UInt8(truncatingIfNeeded: symbol))
            } else {
                result.append(UInt8(truncatingIfNeeded: 0xC0 | symbol >> 6))
                result.append(UInt8(truncatingIfNeeded: 0x80 | symbol & 0x3F))
            }
        }
        return result
    }

    /// The bytes of symbols in UTF-8.
    static func bytes(ofSymbols text: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(text.count)
        var position = 0
        while position < text.count {
            let (scalar, end) = text.scalar(at: position)
            if scalar < UInt32(bytes.count), let byte = bytes[Int(scalar)] { result.append(byte) }
            position = end
        }
        return result
    }

    static func spelling(of bytes: some Sequence<UInt8>) -> String {
        var text = String.UnicodeScalarView()
        for byte in bytes { text.append(symbols[Int(byte)]) }
        return String(text)
    }
}
