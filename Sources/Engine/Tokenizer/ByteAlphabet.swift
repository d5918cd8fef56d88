/// The one-character symbols that stand for the 256 bytes in a byte-level vocabulary.
///
/// Printable Latin-1 characters stand for themselves; the other 68 bytes take the characters from U+0100 on, in order.
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

    /// The 256 bytes in the order of their symbols' code points, which is the order of their token ids.
    static let bytesInSymbolOrder: [UInt8] = (UInt8.min...UInt8.max).sorted { symbols[Int($0)] < symbols[Int($1)] }

    /// The byte of each symbol by code point; nil for the others before U+0144, where the last symbol stands.
    private static let bytes: [UInt8?] = {
        var bytes = [UInt8?](repeating: nil, count: 0x144)
        for byte in UInt8.min...UInt8.max { bytes[Int(symbols[Int(byte)].value)] = byte }
        return bytes
    }()

    /// Appends the bytes that a token's spelling stands for; false, and nothing, where a character is not one of the symbols.
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

    static func spelling(of bytes: some Sequence<UInt8>) -> String {
        var text = String.UnicodeScalarView()
        for byte in bytes { text.append(symbols[Int(byte)]) }
        return String(text)
    }
}
