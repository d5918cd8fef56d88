import CanonicalJSON
import Declarations
import Diagnostics
import SpannedYAML

/// What a recipe says, field by field, so that two recipes can be compared: comments, the order of keys, formatting and
/// spellings of one value (`20%`, `0.2`) make no difference. Defaults that are not written are not among them.
package struct RecipeFields: Sendable {
    package struct Value: Sendable {
        /// As all spellings of it are one.
        package let normal: JSON
        /// As the recipe has it, on one line.
        package let written: String
    }

    /// By dotted field: `prune.ratio`.
    package let values: [String: Value]

    /// Reads a recipe with all that it extends; `nil` where it is no YAML mapping.
    package init?(_ source: SourceText, loading loader: @escaping RecipeReader.Loader = { _, _ in nil }) {
        guard let entries = YAMLParser.parse(source, limits: RecipeReader.limits).node?.mapping else { return nil }
        var extended = Extension(loader: loader, findings: Findings(source))
        var reader = FieldReader()
        reader.read(extended.merge(entries, of: source), RecipeReader.definition, path: "")
        values = reader.values
    }
}

/// A field that two recipes give different values; `nil` where one gives none.
package struct RecipeChange: Sendable {
    package let field: String
    package let old: RecipeFields.Value?
    package let new: RecipeFields.Value?
}

extension RecipeFields {
    /// What is different in a newer recipe, sorted by field.
    package func changes(to newer: RecipeFields) -> [RecipeChange] {
        Set(values.keys).union(newer.values.keys).sorted().compactMap { field in
            let (old, new) = (values[field], newer.values[field])
            return old?.normal == new?.normal ? nil : RecipeChange(field: field, old: old, new: new)
        }
    }
}

/// Takes mappings apart down to the values that fields hold.
private struct FieldReader {
    private(set) var values: [String: RecipeFields.Value] = [:]

    mutating func read(_ entries: [Node.Entry], _ definition: MappingDefinition, path: String) {
        for entry in entries where !entry.value.isNull {
            let type = definition.fields.first { $0.name == entry.name }?.type
            if path.isEmpty, entry.name == Matrix.field.name, let axes = entry.value.mapping {
                readAxes(axes)
            } else {
                read(entry.value, type ?? .anything, path: path.isEmpty ? entry.name : path + "." + entry.name)
            }
        }
    }

    private mutating func read(_ node: Node, _ type: ValueType, path: String) {
        if let definition = type.section, let elements = node.sequence, elements.allSatisfy({ $0.mapping != nil }) {
            for (index, element) in elements.enumerated() {
                read(element.mapping ?? [], definition, path: "\(path).\(index + 1)")
            }
            return
        }
        guard let entries = node.mapping, !entries.isEmpty else {
            values[path] = .init(normal: node.normal(as: type), written: node.onOneLine)
            return
        }
        if let definition = type.mapping {
            read(entries, definition, path: path)
        } else {
            let element: ValueType = if case .named(let element) = type { element } else { .anything }
            for entry in entries where !entry.value.isNull { read(entry.value, element, path: path + "." + entry.name) }
        }
    }

    /// Each axis holds a list of what its field holds.
    private mutating func readAxes(_ axes: [Node.Entry]) {
        for axis in axes where !axis.value.isNull {
            let type = RecipeReader.definition.type(of: axis.name.split(separator: ".").map(String.init)[...]) ?? .anything
            values["matrix." + axis.name] = .init(
                normal: axis.value.normal(as: .list(type)), written: axis.value.onOneLine)
        }
    }
}

extension MappingDefinition {
    /// What the field at a path may hold; `nil` where it is no field.
    fileprivate func type(of path: ArraySlice<String>) -> ValueType? {
        guard let type = fields.first(where: { $0.name == path.first })?.type, path.count > 1 else {
            return fields.first { $0.name == path.first }?.type
        }
        if case .named(let element) = type { return element.mapping?.type(of: path.dropFirst(2)) }
        let isNumbered = type.isRepeated && path.dropFirst().first.flatMap { Int($0) } != nil
        return type.mapping?.type(of: path.dropFirst(isNumbered ? 2 : 1))
    }
}

extension ValueType {
    /// The mapping that a value is, or is in its long form.
    fileprivate var mapping: MappingDefinition? {
        switch self {
        case .mapping(let definition): definition
        case .either(let types): types.lazy.compactMap(\.mapping).first
        default: nil
        }
    }
}

extension Node {
    /// The value without its spelling: what `10k` and `10000`, `20%` and `0.2`, `x` and `[x]` have in common where a field
    /// of the type holds them.
    func normal(as type: ValueType) -> JSON {
        if isNull { return .null }
        if let element = type.listElement(of: self) { return .array((sequence ?? [self]).map { $0.normal(as: element) }) }
        switch content {
        case .sequence(let elements): return .array(elements.map { $0.normal(as: .anything) })
        case .mapping(let entries):
            return .object(Dictionary(entries.map { ($0.name, $0.value.normal(as: .anything)) }, uniquingKeysWith: { $1 }))
        case .scalar(let scalar): return Self.normal(scalar.text, as: type)
        }
    }

    private static func normal(_ text: String, as type: ValueType) -> JSON {
        let number: Double? =
            switch type {
            case .integer: Quantity.integer(text).map(Double.init)
            case .bytes: Quantity.bytes(text).map(Double.init)
            case .duration: Quantity.duration(text)
            case .number, .share, .anything: Quantity.number(text)
            default: nil
            }
        if let number { return .number(number) }
        switch type {
        case .flag: return flags[text.lowercased()].map(JSON.bool) ?? .string(text)
        case .either where type.isTransfer: return .string(text.filter { !$0.isWhitespace })
        case .either(let types): return normal(text, as: types[0])
        default: return .string(text)
        }
    }

    private static let flags = ["true": true, "yes": true, "on": true, "false": false, "no": false, "off": false]

    /// The value in YAML's flow style, without its comments.
    var onOneLine: String {
        switch content {
        case .scalar(let scalar): scalar.text.split(whereSeparator: \.isNewline).joined(separator: " ")
        case .sequence(let elements): "[" + elements.map(\.onOneLine).joined(separator: ", ") + "]"
        case .mapping(let entries):
            "{" + entries.map { "\($0.name): \($0.value.onOneLine)" }.joined(separator: ", ") + "}"
        }
    }
}

extension ValueType {
    /// What a list holds, where the field takes one: a single number needs no brackets.
    fileprivate func listElement(of node: Node) -> ValueType? {
        switch self {
        case .list(let element): element
        case .either(let types):
            types.lazy.compactMap { if case .list(let element) = $0 { element } else { nil } }.first.flatMap { element in
                if case .text = types[0], node.sequence == nil { nil } else { element }
            }
        default: nil
        }
    }

    /// The transfer notation, in which spaces mean nothing, or its long form.
    fileprivate var isTransfer: Bool {
        if case .either(let types) = self, case .list(.mapping) = types.last { true } else { false }
    }
}
