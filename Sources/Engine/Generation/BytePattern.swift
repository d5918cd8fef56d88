import CanonicalJSON

/// A regular language over bytes.
package indirect enum BytePattern: Hashable, Sendable {
    case literal([UInt8])
    case byte(ClosedRange<UInt8>)
    case sequence([BytePattern])
    case choice([BytePattern])
    /// The pattern any number of times.
    case repeated(BytePattern)
    /// Members in this order with a separator between them, at least a byte. Members that are not required may be missing.
    case members([Member], separator: [UInt8] = [UInt8(ascii: ",")])

    package struct Member: Hashable, Sendable {
        package var pattern: BytePattern
        package var isRequired: Bool
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

/// JSON in its canonical spelling: no white space, keys in order, only the escapes that JSON demands.
extension BytePattern {
    static let string: BytePattern = .sequence([.text("\""), .repeated(.choice([plain, escape])), .text("\"")])

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

    static let boolean: BytePattern = .choice([.text("false"), .text("true")])

    static func json(_ value: JSON) -> BytePattern { .literal(value.canonicalBytes) }

    static func array(of element: BytePattern) -> BytePattern {
        let elements: BytePattern = .sequence([element, .repeated(.sequence([.text(","), element]))])
        return .sequence([.text("["), .optional(elements), .text("]")])
    }

    /// An object with these members, in this order.
    static func object(_ members: [(key: String, value: BytePattern, isRequired: Bool)]) -> BytePattern {
        let members = members.map { key, value, isRequired in
            Member(pattern: .sequence([json(.string(key)), .text(":"), value]), isRequired: isRequired)
        }
        return .sequence([.text("{"), .members(members), .text("}")])
    }

    /// An object with unknown keys: empty or with one member, because no regular language can require distinct keys.
    static func freeObject(of value: BytePattern) -> BytePattern {
        .sequence([.text("{"), .optional(.sequence([string, .text(":"), value])), .text("}")])
    }

    /// Any value with at most `depth` levels of containers.
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

    /// A character that needs no escape, in UTF-8 (Unicode 16, table 3-7).
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

extension BytePattern {
    /// Levels of containers in a value whose schema does not describe them.
    private static let freeDepth = 2

    /// Any number of calls of these functions, as `PromptStyle.response` spells them.
    package static func calls(of functions: [FunctionDefinition]) -> BytePattern {
        array(of: .choice(functions.map(call)))
    }

    /// The objects of a schema, as `ObjectSchema.text` spells them.
    package static func object(of schema: ObjectSchema) -> BytePattern { value(of: schema.json, type: "object") }

    /// `{"name":"set_light","arguments":{"room":"kitchen"}}`
    private static func call(of function: FunctionDefinition) -> BytePattern {
        .sequence([
            .text("{\"name\":"), json(.string(function.name)), .text(",\"arguments\":"), members(of: function.parameters),
            .text("}"),
        ])
    }

    /// `{"name": "set_light", "parameters": {"room": "kitchen"}}`, as chat templates write calls.
    ///
    /// - Parameters:
    ///   - arguments: what the member of the arguments is called.
    ///   - takesID: whether an `id` of nine letters and digits may be the last member.
    static func writtenCall(
        of function: FunctionDefinition, arguments: String, takesID: Bool = false
    ) -> BytePattern {
        let letter: BytePattern = .choice([
            digit, .byte(UInt8(ascii: "A")...UInt8(ascii: "Z")), .byte(UInt8(ascii: "a")...UInt8(ascii: "z")),
        ])
        let id: BytePattern = .optional(.sequence([.text(", \"id\": \""), .repeated(letter, 9...9), .text("\"")]))
        return .sequence([
            .text("{\"name\": "), json(.string(function.name)), .text(", \"\(arguments)\": "), writtenArguments(of: function),
            takesID ? id : .sequence([]), .text("}"),
        ])
    }

    /// A function's arguments with spaces, in the order that a prompt shows them in.
    static func writtenArguments(of function: FunctionDefinition) -> BytePattern {
        let required = Set(function.required)
        return object(
            function.shownArguments.compactMap { name in
                function.schema(of: name).map { (name, value(of: $0), required.contains(name)) }
            }
        ).spaced
    }

    /// JSON with a space behind each comma and colon, as Python and chat templates write it.
    private var spaced: BytePattern {
        switch self {
        case .literal([UInt8(ascii: ",")]): .text(", ")
        case .literal([UInt8(ascii: ":")]): .text(": ")
        case .literal, .byte: self
        case .sequence(let parts): .sequence(parts.map(\.spaced))
        case .choice(let parts): .choice(parts.map(\.spaced))
        case .repeated(let part): .repeated(part.spaced)
        case .members(let members, _):
            .members(
                members.map { Member(pattern: $0.pattern.spaced, isRequired: $0.isRequired) }, separator: Array(", ".utf8))
        }
    }

    private static func members(of schema: JSON) -> BytePattern {
        let required = Set((schema["required"]?.array ?? []).compactMap(\.string))
        return object(
            schema.orderedProperties.map { key, value in
                (key, self.value(of: value), required.contains(key))
            })
    }

    /// The values of a JSON Schema: `enum`, `const`, `anyOf` and the types of `ArgumentType`, under BFCL's names too.
    private static func value(of schema: JSON) -> BytePattern {
        if let values = schema["enum"]?.array { return .choice(values.map(json)) }
        if let value = schema["const"] { return json(value) }
        if let schemas = schema["anyOf"]?.array ?? schema["oneOf"]?.array { return .choice(schemas.map(value)) }
        if let types = schema["type"]?.array { return .choice(types.map { value(of: schema, type: $0.string) }) }
        return value(of: schema, type: schema["type"]?.string)
    }

    private static func value(of schema: JSON, type: String?) -> BytePattern {
        switch type {
        case "string": string
        case "integer": integer
        case "number", "float": number
        case "boolean": boolean
        case "null": .text("null")
        case "any": string
        case "array", "tuple": array(of: schema["items"].map(value) ?? anyValue(depth: freeDepth - 1))
        case "object", "dict":
            schema["properties"] == nil ? freeObject(of: anyValue(depth: freeDepth - 1)) : members(of: schema)
        default: anyValue(depth: freeDepth)
        }
    }
}
