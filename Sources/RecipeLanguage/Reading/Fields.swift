import Diagnostics
import SpannedYAML

/// The fields of one mapping of the recipe, read by their definitions.
///
/// A wrong value is reported and replaced by the default, so that reading goes on.
struct Fields {
    /// Dotted; empty at the top.
    let path: String
    /// What messages call the mapping: `'prune'`, `the recipe`.
    let owner: String
    /// Where the mapping is written, or what stands around it.
    let anchor: SourceSpan
    let entries: [Node.Entry]
    let findings: Findings

    /// Reports fields that the definition does not have.
    init(
        _ definition: MappingDefinition, path: String, owner: String? = nil, anchor: SourceSpan, entries: [Node.Entry],
        findings: Findings
    ) {
        self.path = path
        self.owner = owner ?? "'\(path)'"
        self.anchor = anchor
        self.entries = entries
        self.findings = findings
        for entry in entries where !definition.fields.contains(where: { $0.name == entry.name }) {
            findings.report(.unknownField(entry.name, in: self.owner, among: definition.names, at: entry.key.span))
        }
    }

    func fullName(of name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }

    func entry(_ name: String) -> Node.Entry? { entries.first { $0.name == name } }

    /// A field's value; `nil` where it is left out.
    func node(_ name: String) -> Node? {
        guard let value = entry(name)?.value, !value.isNull else { return nil }
        return value
    }

    func report(_ diagnostic: @autoclosure () -> Diagnostic) { findings.report(diagnostic()) }
}

extension Fields {
    /// The field's value, or its default.
    subscript<Value>(_ field: Field<Value>) -> Spanned<Value> { value(field, default: field.standard) }

    /// The field's value, or the default of this place.
    func value<Value>(_ field: Field<Value>, default standard: Value) -> Spanned<Value> {
        written(field) ?? self.standard(field.name, standard)
    }

    /// The field's value where the recipe gives a right one.
    func written<Value>(_ field: Field<Value>) -> Spanned<Value>? {
        guard let node = node(field.name) else { return nil }
        let place = FieldPlace(field: fullName(of: field.name), findings: findings)
        return field.read(node, place).map { Spanned($0, at: node.span, field: place.field) }
    }

    func standard<Value>(_ name: String, _ value: Value) -> Spanned<Value> {
        Spanned(value, at: entry(name)?.key.span ?? anchor, field: fullName(of: name), isWritten: false)
    }

    /// A mapping below this one. One that is left out, or is no mapping, is read as an empty one.
    func section(_ field: SectionField) -> Fields {
        let name = field.definition.name
        var entries: [Node.Entry] = []
        if let value = node(name) {
            if let mapping = value.mapping {
                entries = mapping
            } else {
                let example = field.mapping.names.first ?? "…"
                report(.wrongType(fullName(of: name), wants: "a mapping such as {\(example): …}", found: value))
            }
        }
        return Fields(
            field.mapping, path: fullName(of: name), anchor: entry(name)?.key.span ?? anchor, entries: entries,
            findings: findings)
    }

    /// A mapping that may be left out or be `none`: `nil` then.
    func optionalSection(_ field: SectionField) -> Fields? {
        guard let value = node(field.definition.name), value.scalar?.text != "none" else { return nil }
        return section(field)
    }

    /// Mappings under names of the writer's own, in the order of writing.
    func named(_ field: RawField, _ definition: MappingDefinition) -> [(name: Spanned<String>, fields: Fields)] {
        guard let node = node(field.name) else { return [] }
        guard let entries = node.mapping else {
            report(.wrongType(fullName(of: field.name), wants: "a mapping such as {NAME: {…}}", found: node))
            return []
        }
        return entries.map { entry in
            let path = "\(fullName(of: field.name)).\(entry.name)"
            if entry.value.mapping == nil, !entry.value.isNull {
                let example = definition.names.first ?? "…"
                report(.wrongType(path, wants: "a mapping such as {\(example): …}", found: entry.value))
            }
            return (
                Spanned(entry.name, at: entry.key.span, field: path),
                Fields(
                    definition, path: path, anchor: entry.key.span, entries: entry.value.mapping ?? [], findings: findings)
            )
        }
    }
}
