import Diagnostics
import SpannedYAML

/// A field with a value of a known type: its definition, and how the value is read.
package struct Field<Value: Sendable>: DefinedField {
    package private(set) var definition: FieldDefinition
    /// Stands for a field that is left out.
    package private(set) var standard: Value
    /// The value as a recipe would write it.
    private let spell: @Sendable (Value) -> String?
    /// Reports a wrong value and gives `nil`.
    package let read: @Sendable (Node, FieldPlace) -> Value?

    package var name: String { definition.name }

    /// - Parameters:
    ///   - standard: `nil` where a field that is left out says nothing; only `written` reads such a field.
    ///   - nothing: stands in for a default that there is none of.
    ///   - spelled: the default in words, where it depends on other fields.
    package init(
        _ name: String, _ type: ValueType, standard: Value?, nothing: Value, spelled: String? = nil, required: Bool = false,
        _ documentation: String, spell: @escaping @Sendable (Value) -> String?,
        read: @escaping @Sendable (Node, FieldPlace) -> Value?
    ) {
        definition = FieldDefinition(
            name: name, type: type, standard: spelled ?? standard.flatMap(spell), isRequired: required,
            documentation: documentation)
        self.standard = standard ?? nothing
        (self.spell, self.read) = (spell, read)
    }

    /// The same field with a default.
    package func defaulting(to standard: Value) -> Field {
        var field = self
        field.standard = standard
        field.definition.standard = definition.standard ?? spell(standard)
        return field
    }
}

/// Which field a value belongs to, and where problems with it go.
package struct FieldPlace: ProblemReporter {
    /// Dotted.
    package let field: String
    package let findings: Findings

    package init(field: String, findings: Findings) { (self.field, self.findings) = (field, findings) }
}

extension Field {
    /// Several values; a single one needs no brackets.
    ///
    /// - Parameters:
    ///   - isSet: whether a value that stands twice is reported.
    ///   - wantsSome: whether an empty list is reported.
    package static func list<Element: Hashable>(
        of element: Field<Element>, standard: [Element]? = nil, spelled: String? = nil, required: Bool = false,
        isSet: Bool = false, wantsSome: Bool = false
    ) -> Field where Value == [Spanned<Element>] {
        let definition = element.definition
        return Field(
            definition.name, .list(definition.type), standard: standard.map { $0.map { Spanned(wrappedValue: $0) } },
            nothing: [], spelled: spelled, required: required, definition.documentation,
            spell: { element.spell($0.map(\.value)) }
        ) { node, place in
            let elements = node.sequence ?? [node]
            if wantsSome, elements.isEmpty { place.report(.emptyList(place.field, at: node.span)) }
            var found: [Spanned<Element>] = []
            var first: [Element: SourceSpan] = [:]
            for node in elements {
                guard let value = element.read(node, place) else { continue }
                if isSet, let first = first.updateValue(node.span, forKey: value) {
                    place.report(.repeated(node.scalar?.text ?? "", in: place.field, at: node.span, first: first))
                } else {
                    found.append(Spanned(value, at: node.span, field: place.field))
                }
            }
            return wantsSome && (found.isEmpty || found.count < elements.count) ? nil : found
        }
    }

    /// `[a, b]`, and nothing for an empty list.
    private func spell(_ values: [Value]) -> String? {
        values.isEmpty ? nil : "[" + values.compactMap { spell($0) }.joined(separator: ", ") + "]"
    }

    /// Values by names of the writer's own.
    package static func named<Element>(_ element: Field<Element>) -> Field where Value == [String: Element] {
        let definition = element.definition
        return Field(
            definition.name, .named(definition.type), standard: nil, nothing: [:], definition.documentation, spell: { _ in nil }
        ) { node, place in
            guard let entries = node.mapping else {
                place.report(.wrongType(place.field, wants: "a mapping such as {NAME: …}", found: node))
                return nil
            }
            var values: [String: Element] = [:]
            for entry in entries {
                let inner = FieldPlace(field: "\(place.field).\(entry.name)", findings: place.findings)
                values[entry.name] = element.read(entry.value, inner)
            }
            return values
        }
    }

    /// The list without the places of its elements.
    package func plain<Element: Sendable>() -> Field<[Element]> where Value == [Spanned<Element>] {
        let read = read
        let spell = spell
        return Field<[Element]>(
            definition.name, definition.type, standard: nil, nothing: standard.map(\.value), spelled: definition.standard,
            required: definition.isRequired, definition.documentation,
            spell: { spell($0.map { Spanned(wrappedValue: $0) }) }
        ) { node, place in read(node, place)?.map(\.value) }
    }
}

extension Field {
    /// The same field under another name.
    package func named(_ name: String) -> Field {
        var field = self
        field.definition = definition.named(name)
        return field
    }

    /// The same field, which must be given.
    package var needed: Field {
        var field = self
        field.definition.isRequired = true
        return field
    }
}

extension FieldDefinition {
    /// The same field under another name.
    ///
    /// - Parameter isRequired: whether a field that is required stays so.
    package func named(_ name: String, isRequired: Bool = true) -> FieldDefinition {
        var definition = self
        definition.name = name
        definition.isRequired = definition.isRequired && isRequired
        return definition
    }
}
