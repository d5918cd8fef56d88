import CanonicalJSON
import Diagnostics
import Engine
import SpannedYAML

/// Reads `functions.yaml`: functions with their parameters, as a mapping by name or a list.
///
/// ```yaml
/// set_light:
///   description: Turn the lights of a room on or off.
///   parameters:
///     room: {type: string, enum: [kitchen, bedroom]}
///     state: {type: string, enum: ["on", "off"]}
///   required: [room, state]       # all parameters where it is left out
/// add_items:
///   parameters:
///     items: {type: array, items: {type: string, enum: [milk, eggs]}}
/// ```
///
/// An entry with `family` stands for many functions (`FamilyReader`).
enum FunctionsReader {
    private static let types = ["string", "integer", "number", "boolean"]
    private static let list = "array"

    static func read(_ source: SourceText, _ findings: inout [Diagnostic]) -> FunctionCatalogue {
        var catalogue = FunctionCatalogue()
        guard let root = readDocument(source, &findings) else { return catalogue }
        var functions: [String: FunctionDefinition] = [:]
        for (name, span, node) in entries(of: root, &findings) {
            var defined: [FunctionDefinition] = []
            if node["family"] == nil {
                defined = [function(name, node, &findings)]
            } else if let family = FamilyReader(name: name, node: node).read(&findings) {
                catalogue.families.append(family)
                defined = family.members.map(\.function)
            }
            for function in defined where functions.updateValue(function, forKey: function.name) != nil {
                findings.report(
                    "duplicate-function", "the function '\(function.name)' is defined twice", at: span,
                    help: "keep one of the two")
            }
        }
        if functions.isEmpty, !findings.hasErrors {
            findings.report(
                "no-functions", "the file defines no function", at: root.span,
                help: "add 'NAME: {description: …, parameters: {…}}'")
        }
        catalogue.functions = functions.values.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        return catalogue
    }

    private static func entries(of root: Node, _ findings: inout [Diagnostic]) -> [(String, SourceSpan, Node)] {
        if let mapping = root.mapping { return mapping.map { ($0.name, $0.key.span, $0.value) } }
        guard let list = root.sequence else {
            findings.append(.expected("a mapping or a list of functions", for: "the file", found: root))
            return []
        }
        var entries: [(String, SourceSpan, Node)] = []
        for node in list {
            if let name = node["name"], let text = name.scalar?.text, !text.isEmpty {
                entries.append((text, name.span, node))
            } else {
                findings.report("missing-field", "a function has no name", at: node.span, help: "add 'name: …'")
            }
        }
        return entries
    }

    private static func function(_ name: String, _ node: Node, _ findings: inout [Diagnostic]) -> FunctionDefinition {
        let known = ["name", "description", "parameters", "required"]
        for entry in node.mapping ?? [] where !known.contains(entry.name) {
            findings.append(.unknown("unknown-field", "field", entry.name, known: known, at: entry.key.span))
        }
        if node.mapping == nil { findings.append(.expected("a mapping", for: "the function '\(name)'", found: node)) }
        var properties: [String: JSON] = [:]
        for entry in node["parameters"]?.mapping ?? [] {
            properties[entry.name] = schema(of: entry, &findings)
        }
        var required = properties.keys.sorted()
        if let list = node["required"] {
            required = (list.sequence ?? []).compactMap(\.scalar?.text).sorted()
            if list.sequence == nil { findings.append(.expected("a list", for: "'required'", found: list)) }
            for item in list.sequence ?? [] where properties[item.scalar?.text ?? ""] == nil {
                findings.append(
                    .unknown(
                        "unknown-argument", "parameter", item.scalar?.text ?? "", known: Array(properties.keys), at: item.span))
            }
        }
        return FunctionDefinition(
            name: name, summary: node["description"]?.scalar?.text ?? "",
            parameters: [
                "type": "object", "properties": .object(properties), "required": .array(required.map(JSON.string)),
            ])
    }

    static func schema(of entry: Node.Entry, _ findings: inout [Diagnostic]) -> JSON {
        let type = entry.value["type"]?.scalar?.text ?? ""
        var schema: [String: JSON] = ["type": .string(type)]
        if let description = entry.value["description"]?.scalar?.text { schema["description"] = .string(description) }
        if type == list {
            schema["items"] = elementSchema(of: entry, &findings)
            return .object(schema)
        }
        guard types.contains(type) else {
            findings.report(
                "unknown-type", "the parameter '\(entry.name)' needs a type",
                at: entry.value["type"]?.span ?? entry.key.span,
                help: "write 'type: ' and one of \((types + [list]).joined(separator: ", "))")
            return [:]
        }
        if let list = entry.value["enum"] {
            var values: [JSON] = []
            for item in list.sequence ?? [] {
                if let value = item.scalar.flatMap({ JSON(argument: $0.text, type: type) }) {
                    values.append(value)
                } else {
                    findings.append(.expected("of type \(type)", for: "a value of '\(entry.name)'", found: item))
                }
            }
            if values.isEmpty { findings.append(.expected("a list of values", for: "'enum'", found: list)) }
            schema["enum"] = .array(values)
        }
        return .object(schema)
    }

    /// Of a list, whose elements have one of the plain types.
    private static func elementSchema(of entry: Node.Entry, _ findings: inout [Diagnostic]) -> JSON {
        let element = entry.value.mapping?.first { $0.name == "items" }
        guard let element, element.value["type"]?.scalar?.text != list else {
            findings.report(
                "unknown-type", "the list '\(entry.name)' does not say what its elements are",
                at: element?.value.span ?? entry.key.span, help: "add 'items: {type: string}'")
            return [:]
        }
        return schema(of: element, &findings)
    }
}

extension JSON {
    /// A written value as a schema's type; `nil` where it is none of that type.
    init?(argument text: String, type: String) {
        switch type {
        case "string": self = .string(text)
        case "integer":
            guard let value = Int64(text) else { return nil }
            self = .integer(value)
        case "number":
            guard let value = Double(text), value.isFinite else { return nil }
            self = .number(value)
        case "boolean" where text == "true" || text == "false": self = .bool(text == "true")
        default: return nil
        }
    }
}

extension [Diagnostic] {
    mutating func report(
        _ code: String, _ message: String, at span: SourceSpan, label: String = "", secondary: [Diagnostic.Label] = [],
        help: String? = nil
    ) {
        append(Diagnostic(code: code, message, at: span, label: label, secondary: secondary, help: help))
    }
}
