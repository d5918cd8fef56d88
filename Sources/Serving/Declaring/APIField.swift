import CanonicalJSON

/// A field of a request's body, declared once: how it is read, and what the OpenAPI document says of it.
struct APIField<Value: Sendable>: Sendable {
    let declaration: FieldDeclaration
    let read: @Sendable (JSON) throws(APIError) -> Value

    var name: String { declaration.name }

    init(
        _ name: String, _ schema: JSON, _ summary: String, read: @escaping @Sendable (JSON) throws(APIError) -> Value
    ) {
        declaration = FieldDeclaration(name: name, schema: schema, summary: summary)
        self.read = read
    }
}

/// What a document says of a field.
struct FieldDeclaration: Sendable {
    let name: String
    private let schema: JSON
    private let summary: String
    var isRequired = false

    init(name: String, schema: JSON, summary: String) { (self.name, self.schema, self.summary) = (name, schema, summary) }

    /// The field's JSON Schema; one that may be left out may be `null` too.
    var documented: JSON {
        let described: JSON = ["description": .string(summary)]
        guard !isRequired else { return schema.merging(described) }
        return ["anyOf": [schema, ["type": "null"]], "description": .string(summary)]
    }

    var required: FieldDeclaration {
        var copy = self
        copy.isRequired = true
        return copy
    }
}

/// The fields of one kind of request.
struct RequestFields: Sendable {
    let declarations: [FieldDeclaration]

    init(_ lists: [FieldDeclaration]...) { declarations = lists.flatMap { $0 } }

    /// Refuses what is not declared: nothing that a client says is dropped in silence.
    func check(_ body: JSON) throws(APIError) {
        guard body.object != nil else { throw APIError.invalid("the body must be a JSON object") }
        let known = Set(declarations.map(\.name))
        for (name, value) in body.sortedMembers where !known.contains(name) && value != .null {
            throw APIError.invalid("this server knows no field '\(name)'; leave it out", field: name, code: "unknown_parameter")
        }
        for field in declarations where field.isRequired && (body[field.name] ?? .null) == .null {
            throw APIError.invalid(
                "the field '\(field.name)' is missing", field: field.name, code: "missing_required_parameter")
        }
    }

    /// The JSON Schema of a body.
    var schema: JSON {
        let required = declarations.filter(\.isRequired).map { JSON.string($0.name) }
        return [
            "type": "object", "additionalProperties": false, "required": .array(required),
            "properties": .object(inOrder: declarations.map { ($0.name, $0.documented) }),
        ]
    }
}

extension JSON {
    /// The field's value; `nil` where it is missing or `null`.
    func value<Value>(_ field: APIField<Value>) throws(APIError) -> Value? {
        guard let value = self[field.name], value != .null else { return nil }
        return try field.read(value)
    }

    func merging(_ other: JSON) -> JSON {
        .object(inOrder: (writtenMembers + other.writtenMembers).map { ($0.key, $0.value) })
    }
}

/// The usual kinds of fields.
extension APIField {
    static func text(_ name: String, _ summary: String) -> APIField where Value == String {
        APIField(name, ["type": "string"], summary) { value throws(APIError) in
            guard let text = value.string else { throw APIError.invalid("'\(name)' must be a text", field: name) }
            return text
        }
    }

    static func flag(_ name: String, _ summary: String) -> APIField where Value == Bool {
        APIField(name, ["type": "boolean"], summary) { value throws(APIError) in
            guard let flag = value.bool else { throw APIError.invalid("'\(name)' must be true or false", field: name) }
            return flag
        }
    }

    static func count(_ name: String, _ range: ClosedRange<Int>, _ summary: String) -> APIField where Value == Int {
        let schema: JSON = [
            "type": "integer", "minimum": .count(range.lowerBound), "maximum": .count(range.upperBound),
        ]
        return APIField(name, schema, summary) { value throws(APIError) in
            guard let count = value.canonical.integer, range.contains(count) else {
                throw APIError.invalid(
                    "'\(name)' must be a whole number from \(range.lowerBound) to \(range.upperBound)", field: name)
            }
            return count
        }
    }

    static func number(_ name: String, _ range: ClosedRange<Double>, _ summary: String) -> APIField where Value == Double {
        let schema: JSON = [
            "type": "number", "minimum": .number(range.lowerBound), "maximum": .number(range.upperBound),
        ]
        return APIField(name, schema, summary) { value throws(APIError) in
            guard let number = value.double, range.contains(number) else {
                throw APIError.invalid(
                    "'\(name)' must be a number from \(JSON.number(range.lowerBound).canonicalText) to "
                        + "\(JSON.number(range.upperBound).canonicalText)", field: name)
            }
            return number
        }
    }

    /// A text, or a list of texts.
    static func texts(_ name: String, _ counts: ClosedRange<Int>, _ summary: String) -> APIField where Value == [String] {
        let list: JSON = [
            "type": "array", "items": ["type": "string"], "minItems": .count(counts.lowerBound),
            "maxItems": .count(counts.upperBound),
        ]
        return APIField(name, ["anyOf": [["type": "string"], list]], summary) { value throws(APIError) in
            if let text = value.string { return [text] }
            let texts = value.array?.compactMap(\.string)
            guard let texts, texts.count == value.array?.count, counts.contains(texts.count) else {
                throw APIError.invalid("'\(name)' must be a text, or a list of at most \(counts.upperBound) texts", field: name)
            }
            return texts
        }
    }

    /// What clients of OpenAI send and this server has no use for; any value but one of `harmless` is refused.
    static func unused(_ name: String, _ schema: JSON, harmless: [JSON]? = nil) -> APIField where Value == Void {
        let summary =
            harmless.map { "Not supported: only \($0.map(\.canonicalText).joined(separator: " or "))." } ?? "Not used."
        return APIField(name, harmless.map { JSON.object(["enum": .array($0)]) } ?? schema, summary) { value throws(APIError) in
            if let harmless, !harmless.contains(value.canonical) {
                throw APIError.invalid("'\(name)' is not supported; leave it out", field: name, code: "unsupported_parameter")
            }
        }
    }
}
