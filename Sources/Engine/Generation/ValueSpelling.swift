import CanonicalJSON
import Words

/// How the grammar of an answer spells the values of JSON Schemas.
struct ValueSpelling: Sendable {
    /// Between the parts of a list or an object.
    var comma: String
    /// Between a key and its value.
    var colon: String
    /// Any text.
    var string: BytePattern
    /// A known text.
    var quoted: @Sendable (String) -> String
    /// Any key of an object.
    var anyKey: BytePattern
    /// A known key of an object.
    var key: @Sendable (String) -> String
    var words: (no: String, yes: String, null: String) = ("false", "true", "null")
    /// What values are copied from, where a schema says that they are; `nil` where nothing is.
    var question: String?
    /// Whether an object's keys are sorted without regard to case, as Jinja's `dictsort` does it.
    var sortsKeys = false

    /// Levels of containers in a value whose schema does not describe them.
    private static let freeDepth = 2

    /// Any of these members, in their order.
    func object(_ members: [(key: String, value: BytePattern, isRequired: Bool)]) -> BytePattern {
        .sequence([.text("{"), self.members(members.map { (key($0.key) + colon, $0.value, $0.isRequired) }), .text("}")])
    }

    /// A function's arguments without brackets, in the order that a prompt shows them in.
    ///
    /// - Parameter start: what stands before an argument's value.
    func arguments(of function: FunctionDefinition, start: (String) -> String) -> BytePattern {
        let required = Set(function.required)
        return members(
            sorted(function.shownArguments).compactMap { name in
                function.schema(of: name).map { (start(name), value(of: $0), required.contains(name)) }
            })
    }

    /// An object of a function's arguments.
    func arguments(of function: FunctionDefinition) -> BytePattern {
        .sequence([.text("{"), arguments(of: function) { key($0) + colon }, .text("}")])
    }

    private func members(_ members: [(start: String, value: BytePattern, isRequired: Bool)]) -> BytePattern {
        .members(
            members.map { .init(pattern: .sequence([.text($0.start), $0.value]), isRequired: $0.isRequired) },
            separator: Array(comma.utf8))
    }

    func array(atMost most: Int? = nil, of element: BytePattern, isEmptyAllowed: Bool = true) -> BytePattern {
        .sequence([
            .text("["), .list(of: element, between: comma, atMost: most, isEmptyAllowed: isEmptyAllowed), .text("]"),
        ])
    }

    /// The objects of a schema.
    func members(of schema: JSON) -> BytePattern {
        let required = Set((schema["required"]?.array ?? []).compactMap(\.string))
        let properties = schema.orderedProperties
        let names = sorted(properties.map(\.key))
        return object(
            names.compactMap { name in
                properties.first { $0.key == name }.map { (name, value(of: $0.value), required.contains(name)) }
            })
    }

    private func sorted(_ names: [String]) -> [String] {
        sortsKeys ? names.sorted { ($0.lowercased(), $0) < ($1.lowercased(), $1) } : names
    }

    /// The values of a JSON Schema: `enum`, `const`, `anyOf` and the types of `ArgumentType`, under BFCL's names too.
    func value(of schema: JSON) -> BytePattern {
        if let values = schema["enum"]?.array { return .choice(values.map { .text(text(of: $0)) }) }
        if let value = schema["const"] { return .text(text(of: value)) }
        if let schemas = schema["anyOf"]?.array ?? schema["oneOf"]?.array { return .choice(schemas.map { value(of: $0) }) }
        if schema[SchemaMember.copy] == true, schema["type"] == "string", let copied { return copied }
        if let types = schema["type"]?.array { return .choice(types.map { value(of: schema, type: $0.string) }) }
        return value(of: schema, type: schema["type"]?.string)
    }

    func value(of schema: JSON, type: String?) -> BytePattern {
        switch type {
        case "string", "any": string
        case "integer": .integer
        case "number", "float": .number
        case "boolean": .choice([.text(words.no), .text(words.yes)])
        case "null": .text(words.null)
        case "array", "tuple": array(of: schema["items"].map { value(of: $0) } ?? anyValue(depth: Self.freeDepth - 1))
        case "object", "dict":
            schema["properties"] == nil ? freeObject(of: anyValue(depth: Self.freeDepth - 1)) : members(of: schema)
        default: anyValue(depth: Self.freeDepth)
        }
    }

    /// An object with unknown keys: empty or with one member, because no regular language can require distinct keys.
    private func freeObject(of value: BytePattern) -> BytePattern {
        .sequence([.text("{"), .optional(.sequence([anyKey, .text(colon), value])), .text("}")])
    }

    /// Any value with at most `depth` levels of containers.
    private func anyValue(depth: Int) -> BytePattern {
        let scalars = [string, .number, .choice([.text(words.no), .text(words.yes)]), .text(words.null)]
        guard depth > 0 else { return .choice(scalars) }
        let inner = anyValue(depth: depth - 1)
        return .choice(scalars + [array(of: inner), freeObject(of: inner)])
    }

    /// A known value.
    private func text(of value: JSON) -> String {
        switch value {
        case .null: words.null
        case .bool(let value): value ? words.yes : words.no
        case .integer, .real, .decimal: value.canonicalText
        case .string(let text): quoted(text)
        case .array(let elements): "[" + elements.map { text(of: $0) }.joined(separator: comma) + "]"
        case .object:
            "{" + value.sortedMembers.map { key($0.key) + colon + text(of: $0.value) }.joined(separator: comma) + "}"
        }
    }
}

extension ValueSpelling {
    /// JSON in its canonical spelling: no white space, keys in order, only the escapes that JSON demands.
    static let json: ValueSpelling = {
        let quoted: @Sendable (String) -> String = { JSON.string($0).canonicalText }
        return ValueSpelling(comma: ",", colon: ":", string: jsonString, quoted: quoted, anyKey: jsonString, key: quoted)
    }()

    /// JSON as Python and chat templates write it: with a space behind each comma and colon.
    static let spacedJSON: ValueSpelling = {
        var spelling = json
        (spelling.comma, spelling.colon) = (", ", ": ")
        return spelling
    }()

    private static let jsonString: BytePattern = .sequence([
        .text("\""), .repeated(.choice([.character(except: "\"\\"), jsonEscape])), .text("\""),
    ])

    private static let jsonEscape: BytePattern = .sequence([
        .text("\\"),
        .choice(
            ["\"", "\\", "n", "r", "t"].map(BytePattern.text)
                + (0..<0x20).filter { ![0x09, 0x0A, 0x0D].contains($0) }.map {
                    .text("u00" + ($0 < 16 ? "0" : "1") + String($0 % 16, radix: 16))
                }),
    ])
}
