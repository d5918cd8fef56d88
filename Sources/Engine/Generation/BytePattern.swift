import CanonicalJSON

/// A regular language over bytes.
package indirect enum BytePattern: Hashable, Sendable {
    case literal([UInt8])
    case byte(ClosedRange<UInt8>)
    case sequence([BytePattern])
    case choice([BytePattern])
    /// The pattern any number of times.
    case repeated(BytePattern)
    /// The pattern once or more, with a text of at least a byte between any two.
    case separated(BytePattern, by: [UInt8])
    /// Neighbouring pieces of a text: one, or several in a row with what stands between them.
    case part([Piece])
    /// Members in this order with a separator between them, at least a byte. Members that are not required may be missing.
    case members([Member], separator: [UInt8] = [UInt8(ascii: ",")])

    package struct Member: Hashable, Sendable {
        package var pattern: BytePattern
        package var isRequired: Bool
    }

    package struct Piece: Hashable, Sendable {
        /// What stands between the piece and the one before it.
        package var gap: [UInt8]
        package var bytes: [UInt8]
    }

    package static func text(_ text: String) -> BytePattern { .literal(Array(text.utf8)) }

    package static func optional(_ pattern: BytePattern) -> BytePattern { .choice([pattern, .sequence([])]) }

    /// The pattern a number of times within a range.
    package static func repeated(_ pattern: BytePattern, _ counts: ClosedRange<Int>) -> BytePattern {
        let least = [BytePattern](repeating: pattern, count: counts.lowerBound)
        let rest = (counts.lowerBound..<counts.upperBound).reduce(BytePattern.sequence([])) { inner, _ in
            .optional(.sequence([pattern, inner]))
        }
        return .sequence(least + [rest])
    }
}

/// What values consist of.
extension BytePattern {
    /// An integer of up to 18 digits, which fit 64 bits.
    static let integer: BytePattern = .choice([
        .text("0"), .sequence([.optional(.text("-")), firstDigit, .repeated(digit, 0...17)]),
    ])

    /// A number in the spelling of a double, never too large for a double.
    static let number: BytePattern = .choice([
        integer,
        .sequence([
            .optional(.text("-")), .choice([.text("0"), .sequence([firstDigit, .repeated(digit, 0...15)])]), fraction,
        ]),
        .sequence([.optional(.text("-")), firstDigit, .optional(fraction), .text("e"), exponent]),
    ])

    static let digit: BytePattern = .byte(UInt8(ascii: "0")...UInt8(ascii: "9"))
    private static let firstDigit: BytePattern = .byte(UInt8(ascii: "1")...UInt8(ascii: "9"))
    private static let fraction: BytePattern = .sequence([.text("."), .repeated(digit, 1...17)])
    private static let exponent: BytePattern = .choice([
        .sequence([.choice([.text("-"), .text("+")]), digit, digit]),
        .sequence([.choice([.text("-"), .text("+")]), .byte(UInt8(ascii: "1")...UInt8(ascii: "2")), digit, digit]),
        .sequence([.choice([.text("-30"), .text("+30")]), .byte(UInt8(ascii: "0")...UInt8(ascii: "7"))]),
    ])

    /// A character in UTF-8 (Unicode 16, table 3-7) that is no control character of ASCII.
    ///
    /// - Parameter excluded: characters of ASCII, which it is not either.
    static func character(except excluded: String) -> BytePattern {
        let marks = excluded.utf8.sorted()
        let starts = [0x20] + marks.map { $0 + 1 }
        let ends = marks.map { $0 - 1 } + [0x7F]
        let plain = zip(starts, ends).filter { $0 <= $1 }.map { BytePattern.byte($0...$1) }
        return .choice(
            plain + [
                .sequence([.byte(0xC2...0xDF), following]),
                .sequence([.byte(0xE0...0xE0), .byte(0xA0...0xBF), following]),
                .sequence([.byte(0xE1...0xEC), following, following]),
                .sequence([.byte(0xED...0xED), .byte(0x80...0x9F), following]),
                .sequence([.byte(0xEE...0xEF), following, following]),
                .sequence([.byte(0xF0...0xF0), .byte(0x90...0xBF), following, following]),
                .sequence([.byte(0xF1...0xF3), following, following, following]),
                .sequence([.byte(0xF4...0xF4), .byte(0x80...0x8F), following, following]),
            ])
    }

    private static let following: BytePattern = .byte(0x80...0xBF)

    /// The pattern any number of times, or up to a number, with a text between any two.
    static func list(
        of element: BytePattern, between separator: String, atMost most: Int? = nil, isEmptyAllowed: Bool = true
    ) -> BytePattern {
        let some = some(of: element, between: separator, atMost: most)
        return isEmptyAllowed ? .optional(some) : some
    }

    /// The same, at least once.
    static func some(of element: BytePattern, between separator: String, atMost most: Int? = nil) -> BytePattern {
        guard let most else { return .separated(element, by: Array(separator.utf8)) }
        return .sequence([element, .repeated(.sequence([.text(separator), element]), 0...max(0, most - 1))])
    }
}

extension BytePattern {
    /// Any number of calls of these functions, as `PromptStyle.response` spells them.
    ///
    /// - Parameters:
    ///   - most: calls at most; `nil` for any number.
    ///   - isEmptyAllowed: whether there may be no call.
    ///   - question: what values are copied from, where a schema says that they are.
    package static func calls(
        of functions: [FunctionDefinition], atMost most: Int? = nil, isEmptyAllowed: Bool = true,
        copyingFrom question: String? = nil
    ) -> BytePattern {
        var json = ValueSpelling.json
        json.question = question
        let call = BytePattern.choice(
            functions.map { function in
                let members = json.members(of: function.parameters)
                return .sequence([
                    .text("{\"name\":" + json.quoted(function.name) + ",\"arguments\":"), members, .text("}"),
                ])
            })
        return json.array(atMost: most, of: call, isEmptyAllowed: isEmptyAllowed)
    }

    /// The objects of a schema, as `ObjectSchema.text` spells them.
    package static func object(of schema: ObjectSchema) -> BytePattern {
        ValueSpelling.json.value(of: schema.json, type: "object")
    }
}
