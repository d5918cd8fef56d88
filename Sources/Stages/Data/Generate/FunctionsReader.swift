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
    private static let fields = ["name", "description", "parameters", "required"]

    static func read(_ source: SourceText, _ findings: inout [Diagnostic]) -> FunctionCatalogue {
        var catalogue = FunctionCatalogue()
        guard let root = readDocument(source, &findings) else {
            catalogue.isIncomplete = true
            return catalogue
        }
        var functions: [String: FunctionDefinition] = [:]
        for (name, span, node) in entries(of: root, &findings) {
            var defined: [FunctionDefinition] = []
            catalogue.places[name] = span
            if node["family"] == nil {
                defined = [function(name, node, &findings)]
            } else if let family = FamilyReader(name: name, node: node).read(&findings) {
                catalogue.families.append(family)
                defined = family.members.map(\.function)
            } else {
                catalogue.unreadable.insert(name)
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
        catalogue.isIncomplete = root.mapping == nil && root.sequence == nil
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
        for entry in node.mapping ?? [] where !fields.contains(entry.name) {
            findings.append(.unknown("unknown-field", "field", entry.name, known: fields, at: entry.key.span))
        }
        if node.mapping == nil { findings.append(.expected("a mapping", for: "the function '\(name)'", found: node)) }
        let properties = parameters(node["parameters"], &findings)
        var required = properties.keys.sorted()
        if let list = node["required"] {
            let written = (list.sequence ?? []).compactMap(\.scalar?.text)
            required = Set(written).intersection(properties.keys).sorted()
            if list.sequence == nil { findings.append(.expected("a list", for: "'required'", found: list)) }
            for item in list.sequence ?? [] where properties[item.scalar?.text ?? ""] == nil {
                findings.append(
                    .unknown(
                        "unknown-argument", "parameter", item.scalar?.text ?? "", known: Array(properties.keys), at: item.span))
            }
        }
        return FunctionDefinition(
            name: name, summary: text(node["description"], "'description'", &findings) ?? "",
            parameters: [
                "type": "object", "properties": .object(properties), "required": .array(required.map(JSON.string)),
            ])
    }

    private static func parameters(_ node: Node?, _ findings: inout [Diagnostic]) -> [String: JSON] {
        guard let node, !node.isNull else { return [:] }
        guard let entries = node.mapping else {
            findings.append(
                .expected("a mapping", for: "'parameters'", found: node, help: "write {room: {type: string}}"))
            return [:]
        }
        var written = entries
        if node["type"]?.scalar != nil, let inner = node["properties"]?.mapping {
            findings.report(
                "json-schema", "'parameters' is a JSON Schema", at: node.span,
                help: "write the entries of 'properties' under 'parameters', and 'required' beside 'parameters'")
            written = inner
        }
        var properties: [String: JSON] = [:]
        for entry in written { properties[entry.name] = ParameterSchema.read(entry, fields: ParameterSchema.fields, &findings) }
        return properties
    }

    /// A text that may be left out.
    static func text(_ node: Node?, _ name: String, _ findings: inout [Diagnostic]) -> String? {
        guard let node, !node.isNull else { return nil }
        if node.scalar == nil { findings.append(.expected("a text", for: name, found: node)) }
        return node.scalar?.text
    }
}

extension [Diagnostic] {
    var errors: Int { count { $0.severity == .error } }

    mutating func report(
        _ code: String, _ message: String, at span: SourceSpan, label: String = "", secondary: [Diagnostic.Label] = [],
        help: String? = nil
    ) {
        append(Diagnostic(code: code, message, at: span, label: label, secondary: secondary, help: help))
    }

    mutating func warn(
        _ code: String, _ message: String, at span: SourceSpan, label: String = "", secondary: [Diagnostic.Label] = [],
        help: String? = nil
    ) {
        append(Diagnostic(.warning, code: code, message, at: span, label: label, secondary: secondary, help: help))
    }
}
