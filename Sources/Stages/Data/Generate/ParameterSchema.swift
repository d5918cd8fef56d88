import CanonicalJSON
import Diagnostics
import SpannedYAML
import Words

/// Reads what a parameter takes: `{type: string, description: …, enum: […]}`, or a list, `{type: array, items: {type: string}}`.
enum ParameterSchema {
    static let fields = ["type", "description", "enum", "items", SchemaMember.copy]
    static let list = "array"
    static let plainTypes = ["string", "integer", "number", "boolean"]
    /// What other languages call the types.
    private static let otherNames = [
        "str": "string", "text": "string", "int": "integer", "long": "integer", "float": "number", "double": "number",
        "decimal": "number", "bool": "boolean", "list": list,
    ]

    /// The JSON Schema of a parameter; an empty one, which takes any value, where its type cannot be read.
    ///
    /// - Parameters:
    ///   - fields: all that may be written of the parameter.
    ///   - types: all that it may be of.
    static func read(
        _ entry: Node.Entry, fields: [String], types: [String] = plainTypes + [list], _ findings: inout [Diagnostic]
    ) -> JSON {
        for field in entry.value.mapping ?? [] where !fields.contains(field.name) {
            findings.append(.unknown("unknown-field", "field", field.name, known: fields, at: field.key.span))
        }
        guard let type = type(of: entry, among: types, &findings) else { return [:] }
        var schema: [String: JSON] = ["type": .string(type)]
        if let description = FunctionsReader.text(entry.value["description"], "'description'", &findings) {
            schema["description"] = .string(description)
        }
        if copies(entry, type, &findings) { schema[SchemaMember.copy] = true }
        let (values, items) = (entry.value["enum"], entry.value.mapping?.first { $0.name == "items" })
        if type == list {
            if let values {
                findings.report(
                    "misplaced-field", "'enum' of the list '\(entry.name)' says nothing of its elements", at: values.span,
                    help: "write it under 'items': 'items: {type: string, enum: […]}'")
            }
            schema["items"] = elements(items, of: entry, &findings)
            return .object(schema)
        }
        if let items {
            findings.report(
                "misplaced-field", "'\(entry.name)' is of type \(type), which has no 'items'", at: items.key.span,
                help: "write 'type: \(list)', or take 'items' out")
        }
        if let values { schema["enum"] = .array(self.values(values, of: entry.name, type, &findings)) }
        return .object(schema)
    }

    /// Whether the value always stands in the question as it is, which texts alone can.
    private static func copies(_ entry: Node.Entry, _ type: String, _ findings: inout [Diagnostic]) -> Bool {
        guard let copy = entry.value.mapping?.first(where: { $0.name == SchemaMember.copy }) else { return false }
        guard let text = copy.value.scalar?.text, ["true", "false"].contains(text) else {
            findings.append(.expected("true or false", for: "'copy'", found: copy.value))
            return false
        }
        guard type == "string" || text == "false" else {
            findings.report(
                "misplaced-field", "'\(entry.name)' is of type \(type), and only texts are copied from a question",
                at: copy.key.span, help: "write 'type: string', or take 'copy' out")
            return false
        }
        return text == "true"
    }

    /// What the elements of a list are: of one of the plain types.
    private static func elements(_ items: Node.Entry?, of entry: Node.Entry, _ findings: inout [Diagnostic]) -> JSON {
        guard let items else {
            findings.report(
                "unknown-type", "the list '\(entry.name)' does not say what its elements are", at: entry.key.span,
                help: "add 'items: {type: string}'")
            return [:]
        }
        return read(items, fields: fields, types: plainTypes, &findings)
    }

    private static func type(of entry: Node.Entry, among types: [String], _ findings: inout [Diagnostic]) -> String? {
        let written = entry.value["type"]?.scalar?.text ?? ""
        if types.contains(written) { return written }
        let named = otherNames[written.lowercased()].flatMap { types.contains($0) ? $0 : nil }
        let meant = named ?? Suggestion.nearest(to: written, among: types)
        let suggestion = written.isEmpty ? nil : meant.map { "did you mean '\($0)'? " }
        findings.report(
            "unknown-type",
            written.isEmpty
                ? "the parameter '\(entry.name)' needs a type"
                : "the parameter '\(entry.name)' cannot be of type '\(Diagnostic.shortened(written))'",
            at: entry.value["type"]?.span ?? entry.key.span,
            help: (suggestion ?? "") + "write 'type: ' and one of \(types.joined(separator: ", "))")
        return nil
    }

    private static func values(
        _ list: Node, of parameter: String, _ type: String, _ findings: inout [Diagnostic]
    ) -> [JSON] {
        var values: [JSON] = []
        for item in list.sequence ?? [] {
            guard let value = item.scalar.flatMap({ JSON(argument: $0.text, type: type) }) else {
                findings.append(
                    .expected(
                        "of type \(type)", for: "a value of '\(parameter)'", found: item,
                        help: item.scalar.flatMap { JSON.advice(on: $0.text, type: type) }))
                continue
            }
            if values.contains(value) {
                findings.warn(
                    "duplicate-value", "'enum' of '\(parameter)' has this value twice", at: item.span,
                    help: "keep one of the two")
            }
            values.append(value)
        }
        if list.sequence?.isEmpty ?? true { findings.append(.expected("a list of values", for: "'enum'", found: list)) }
        return values
    }
}

extension JSON {
    /// A written value as a schema's type; `nil` where it is none of that type.
    init?(argument text: String, type: String) {
        switch type {
        case "string": self = .string(text)
        case "integer":
            guard text.isPlainNumber, let value = Int64(text) else { return nil }
            self = .integer(value)
        case "number":
            guard text.isPlainNumber, let value = Double(text), value.isFinite else { return nil }
            self = .number(value)
        case "boolean" where text == "true" || text == "false": self = .bool(text == "true")
        default: return nil
        }
    }

    /// How a value may be meant that is none of its type: for words and digits that YAML's versions read differently.
    static func advice(on text: String, type: String) -> String? {
        switch type {
        case "boolean":
            switch text.lowercased() {
            case "yes", "on", "y", "true": return "write true"
            case "no", "off", "n", "false": return "write false"
            default: return "write true or false"
            }
        case "integer":
            if !text.isPlainNumber, let value = Int64(text) { return "write \(value): a number begins with no 0" }
            if let value = Double(text), let whole = Int64(exactly: value) { return "write \(whole)" }
            return nil
        case "number":
            return text.isPlainNumber ? nil : Double(text).map { "write \(JSON.number($0).canonicalText)" }
        default: return nil
        }
    }
}

extension String {
    /// Whether it could be a number in decimal digits that everybody reads the same: `012` is twelve to some, ten to others.
    fileprivate var isPlainNumber: Bool {
        let digits = utf8.drop { $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "+") }
        let isDigit: (UInt8) -> Bool = { (48...57).contains($0) }
        if digits.first == 48, let second = digits.dropFirst().first, isDigit(second) { return false }
        return digits.allSatisfy { isDigit($0) || "+-.eE".utf8.contains($0) }
    }
}
