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

    private static let bytes: [Unicode.Scalar: UInt8] = Dictionary(
        uniqueKeysWithValues: zip(symbols, UInt8.min...UInt8.max))

    /// The bytes that a token's spelling stands for; nil where a character of it is not one of the symbols.
    static func bytes(spelled token: String) -> [UInt8]? {
        var result: [UInt8] = []
        for scalar in token.unicodeScalars {
            guard let byte = bytes[scalar] else { return nil }
            result.append(byte)
        }
        return result
    }

    static func spelling(of bytes: some Sequence<UInt8>) -> String {
        var text = String.UnicodeScalarView()
        for byte in bytes { text.append(symbols[Int(byte)]) }
        return String(text)
    }
}
