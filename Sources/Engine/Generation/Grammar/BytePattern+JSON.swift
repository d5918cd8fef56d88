import CanonicalJSON

/// JSON in its canonical spelling: no white space, keys in order, only the escapes that JSON demands.
extension BytePattern {
    static let string: BytePattern = .sequence([.text("\""), .repeated(.choice([plain, escape])), .text("\"")])

    /// Up to 18 digits, which fit 64 bits.
    static let integer: BytePattern = .choice([
        .text("0"), .sequence([.optional(.text("-")), firstDigit, .repeated(digit, 0...17)]),
    ])

    /// What a double is spelled as; never one that is too large for a double.
    static let number: BytePattern = .choice([
        integer,
        .sequence([
            .optional(.text("-")), .choice([.text("0"), .sequence([firstDigit, .repeated(digit, 0...15)])]), fraction,
        ]),
        .sequence([.optional(.text("-")), firstDigit, .optional(fraction), .text("e"), exponent]),
    ])

    static let boolean: BytePattern = .choice([.text("false"), .text("true")])

    static func json(_ value: JSON) -> BytePattern { .literal(value.canonicalBytes) }

    static func array(of element: BytePattern) -> BytePattern {
        let elements: BytePattern = .sequence([element, .repeated(.sequence([.text(","), element]))])
        return .sequence([.text("["), .optional(elements), .text("]")])
    }

    /// An object with these members, whose keys are in their order already.
    static func object(_ members: [(key: String, value: BytePattern, isRequired: Bool)]) -> BytePattern {
        let members = members.map { key, value, isRequired in
            Member(.sequence([json(.string(key)), .text(":"), value]), isRequired: isRequired)
        }
        return .sequence([.text("{"), .members(members), .text("}")])
    }

    /// An object whose keys nobody names: empty or with one member, since no regular language keeps keys apart.
    static func freeObject(of value: BytePattern) -> BytePattern {
        .sequence([.text("{"), .optional(.sequence([string, .text(":"), value])), .text("}")])
    }

    /// Any value with containers nested so deep at most.
    static func anyValue(depth: Int) -> BytePattern {
        let scalars = [string, number, boolean, .text("null")]
        guard depth > 0 else { return .choice(scalars) }
        let inner = anyValue(depth: depth - 1)
        return .choice(scalars + [array(of: inner), freeObject(of: inner)])
    }

    private static let digit: BytePattern = .byte(UInt8(ascii: "0")...UInt8(ascii: "9"))
    private static let firstDigit: BytePattern = .byte(UInt8(ascii: "1")...UInt8(ascii: "9"))
    private static let fraction: BytePattern = .sequence([.text("."), .repeated(digit, 1...17)])
    private static let exponent: BytePattern = .choice([
        .sequence([.choice([.text("-"), .text("+")]), digit, digit]),
        .sequence([.choice([.text("-"), .text("+")]), .byte(UInt8(ascii: "1")...UInt8(ascii: "2")), digit, digit]),
        .sequence([.choice([.text("-30"), .text("+30")]), .byte(UInt8(ascii: "0")...UInt8(ascii: "7"))]),
    ])

    /// A character that stands for itself, as UTF-8 writes it (Unicode 16, table 3-7).
    private static let plain: BytePattern = .choice([
        .byte(0x20...0x21), .byte(0x23...0x5B), .byte(0x5D...0x7F), .sequence([.byte(0xC2...0xDF), following]),
        .sequence([.byte(0xE0...0xE0), .byte(0xA0...0xBF), following]),
        .sequence([.byte(0xE1...0xEC), following, following]), .sequence([.byte(0xED...0xED), .byte(0x80...0x9F), following]),
        .sequence([.byte(0xEE...0xEF), following, following]),
        .sequence([.byte(0xF0...0xF0), .byte(0x90...0xBF), following, following]),
        .sequence([.byte(0xF1...0xF3), following, following, following]),
        .sequence([.byte(0xF4...0xF4), .byte(0x80...0x8F), following, following]),
    ])
    private static let following: BytePattern = .byte(0x80...0xBF)

    private static let escape: BytePattern = .sequence([
        .text("\\"),
        .choice(
            ["\"", "\\", "n", "r", "t"].map(BytePattern.text)
                + (0..<0x20).filter { ![0x09, 0x0A, 0x0D].contains($0) }.map {
                    .text("u00" + ($0 < 16 ? "0" : "1") + String($0 % 16, radix: 16))
                }),
    ])
}
