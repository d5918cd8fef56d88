import Diagnostics
import SpannedYAML

/// The fields of one mapping of the recipe, read by their definitions.
///
/// A wrong value is reported and replaced by the default, so that reading goes on.
package struct Fields: ProblemReporter {
    /// Dotted; empty at the top.
    package let path: String
    /// What messages call the mapping: `'prune'`, `the recipe`.
    package let owner: String
    /// Where the mapping is written, or what stands around it.
    package let anchor: SourceSpan
    package let entries: [Node.Entry]
    package let findings: Findings
    /// What the mapping may have.
    package let definition: MappingDefinition

    /// Reports fields that the definition does not have.
    package init(
        _ definition: MappingDefinition, path: String, owner: String? = nil, anchor: SourceSpan, entries: [Node.Entry],
        findings: Findings
    ) {
        (self.definition, self.path) = (definition, path)
        self.owner = owner ?? "'\(path)'"
        (self.anchor, self.entries, self.findings) = (anchor, entries, findings)
        for entry in entries where !definition.fields.contains(where: { $0.name == entry.name }) {
            findings.report(
                .unknownField(
                    entry.name, in: self.owner, among: definition.names, inside: definition.mappings(with: entry.name),
                    at: entry.key.span))
        }
    }

    package func fullName(of name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }

    package func entry(_ name: String) -> Node.Entry? { entries.first { $0.name == name } }

    /// A field's value; `nil` where it is left out.
    package func node(_ name: String) -> Node? {
        guard let value = entry(name)?.value, !value.isNull else { return nil }
        return value
    }
}

extension Fields {
    /// The field's value, or its default.
    package subscript<Value>(_ field: Field<Value>) -> Spanned<Value> { value(field, default: field.standard) }

    /// The field's value, or the default of this place.
    package func value<Value>(_ field: Field<Value>, default standard: Value) -> Spanned<Value> {
        written(field) ?? self.standard(field.name, standard)
    }

    /// The field's value where the recipe gives a right one.
    package func written<Value>(_ field: Field<Value>) -> Spanned<Value>? {
        guard let node = node(field.name) else { return nil }
        let place = FieldPlace(field: fullName(of: field.name), findings: findings)
        return field.read(node, place).map {
            Spanned($0, at: Place(node.span, field: place.field, parts: node.parts(of: place.field)))
        }
    }

    package func standard<Value>(_ name: String, _ value: Value) -> Spanned<Value> {
        Spanned(value, at: entry(name)?.key.span ?? anchor, field: fullName(of: name), isWritten: false)
    }

    /// A mapping below this one. One that is left out, or is no mapping, is read as an empty one.
    package func section(_ field: SectionField) -> Fields {
        let name = field.definition.name
        var entries: [Node.Entry] = []
        if let value = node(name) {
            if let mapping = value.mapping {
                entries = mapping
            } else {
                let example = field.mapping.names.first ?? "…"
                report(
                    .wrongType(
                        fullName(of: name), wants: "a mapping such as {\(example): …}", found: value,
                        help: Self.mapping(field.mapping, under: name, for: value)))
            }
        }
        return Fields(
            field.mapping, path: fullName(of: name), anchor: entry(name)?.key.span ?? anchor, entries: entries,
            findings: findings)
    }

    /// How a mapping is written that was meant by a word standing alone.
    private static func mapping(_ mapping: MappingDefinition, under name: String, for value: Node) -> String? {
        guard let text = value.scalar?.text, let field = mapping.field(for: text) else { return nil }
        return "write '\(name): {\(field): \(text)}'"
    }

    /// A mapping that may be left out or be `none`: `nil` then.
    package func optionalSection(_ field: SectionField) -> Fields? {
        guard let value = node(field.definition.name), value.scalar?.text != "none" else { return nil }
        return section(field)
    }

    /// A mapping below this one, in whose place the value of one of its fields may stand; `nil` where it is left out.
    ///
    /// - Parameter short: the name of that field.
    package func section(_ field: RawField, _ mapping: MappingDefinition, orValueOf short: String) -> Fields? {
        guard let entry = entry(field.name), let node = node(field.name) else { return nil }
        return Fields(
            mapping, path: fullName(of: field.name), anchor: entry.key.span,
            entries: node.mapping ?? [Node.Entry(named: short, node)], findings: findings)
    }

    /// Mappings in a list, each under its number from 1; a single one needs no brackets. None where the field is left out, or
    /// is `none`.
    package func sections(_ field: SectionField) -> [Fields] {
        let name = field.definition.name
        guard let list = node(name), let elements = list.sequence else { return optionalSection(field).map { [$0] } ?? [] }
        if elements.isEmpty { report(.emptyList(fullName(of: name), at: list.span)) }
        return elements.enumerated().map { index, element in
            let path = "\(fullName(of: name)).\(index + 1)"
            if element.mapping == nil {
                let example = field.mapping.names.first ?? "…"
                report(.wrongType(path, wants: "a mapping such as {\(example): …}", found: element))
            }
            return Fields(
                field.mapping, path: path, anchor: element.span, entries: element.mapping ?? [], findings: findings)
        }
    }

    /// Mappings under names of the writer's own, in the order of writing.
    package func named(_ field: RawField, _ definition: MappingDefinition) -> [(name: Spanned<String>, fields: Fields)] {
        guard let node = node(field.name) else { return [] }
        guard let entries = node.mapping else {
            report(.wrongType(fullName(of: field.name), wants: "a mapping such as {NAME: {…}}", found: node))
            return []
        }
        return entries.map { entry in
            let path = "\(fullName(of: field.name)).\(entry.name)"
            if entry.value.mapping == nil, !entry.value.isNull {
                let example = definition.names.first ?? "…"
                report(
                    .wrongType(
                        path, wants: "a mapping such as {\(example): …}", found: entry.value,
                        help: Self.mapping(definition, under: entry.name, for: entry.value)))
            }
            return (
                Spanned(entry.name, at: entry.key.span, field: path),
                Fields(
                    definition, path: path, anchor: entry.key.span, entries: entry.value.mapping ?? [], findings: findings)
            )
        }
    }
}

extension Node.Entry {
    /// An entry that nobody wrote as one: its name is where its value is.
    package init(named name: String, _ value: Node) {
        self.init(key: Node(.scalar(.init(text: name, style: .plain)), at: value.span), value: value)
    }
}

extension Node {
    /// Where the values of a mapping are written.
    fileprivate func parts(of field: String) -> [String: Place] {
        let entries = (mapping ?? []).map { ($0.name, Place($0.value.span, field: "\(field).\($0.name)")) }
        return Dictionary(entries, uniquingKeysWith: { $1 })
    }
}

/// What a problem with the recipe can be told to. Where there is no room for it, its message is not even made.
package protocol ProblemReporter {
    var findings: Findings { get }
}

extension ProblemReporter {
    package func report(_ diagnostic: @autoclosure () -> Diagnostic) { findings.add(diagnostic()) }

    package func report(
        _ problem: Problem, _ message: @autoclosure () -> String, at span: @autoclosure () -> SourceSpan, label: String = "",
        secondary: @autoclosure () -> [Diagnostic.Label] = [], help: @autoclosure () -> String? = nil
    ) {
        findings.add(Diagnostic(problem, message(), at: span(), label: label, secondary: secondary(), help: help()))
    }
}

/// Collects what is wrong while a recipe is read. Readers go on with a default after each problem, so that one run reports all.
package final class Findings: ProblemReporter {
    /// More than a person reads; what comes after is not listed.
    package static let most = 200

    package private(set) var diagnostics: [Diagnostic] = []
    private var seen: Set<Diagnostic> = []
    private let source: SourceText

    package init(_ source: SourceText) { self.source = source }

    /// Whether further findings would be listed.
    package var hasRoom: Bool { diagnostics.count < Self.most }

    package var findings: Findings { self }

    /// Variants of a matrix share most of the recipe; the same finding counts once.
    fileprivate func add(_ diagnostic: @autoclosure () -> Diagnostic) {
        guard diagnostics.count <= Self.most else { return }
        let diagnostic = diagnostic()
        guard seen.insert(diagnostic).inserted else { return }
        if diagnostics.count < Self.most {
            diagnostics.append(diagnostic)
        } else {
            let end = source.bytes.count
            diagnostics.append(
                Diagnostic(
                    .tooManyProblems, "there are more problems than these \(Self.most)", at: source.span(end..<end)))
        }
    }
}
