/// The fields of one kind of mapping: the language is a tree of these.
package struct MappingDefinition: Sendable {
    /// As the documentation heads it: `prune`.
    package let title: String
    /// One sentence.
    package let documentation: String
    package let fields: [FieldDefinition]
    /// Whether the word `none` may stand for the whole mapping.
    package let mayBeNone: Bool

    init(_ title: String, _ documentation: String, mayBeNone: Bool = false, _ fields: [any DefinedField]) {
        self.title = title
        self.documentation = documentation
        self.fields = fields.map(\.definition)
        self.mayBeNone = mayBeNone
    }

    var names: [String] { fields.map(\.name) }
}

/// One field: its name, what it may hold, what it means when left out, and a sentence for people.
package struct FieldDefinition: Sendable {
    package let name: String
    package let type: ValueType
    /// The value of a field that is left out, as a recipe would write it; `nil` where there is none.
    package let standard: String?
    package let isRequired: Bool
    package let documentation: String
}

/// Whatever defines a field.
protocol DefinedField: Sendable {
    var definition: FieldDefinition { get }
}

/// A field that holds a mapping of its own.
struct SectionField: DefinedField {
    let mapping: MappingDefinition
    let definition: FieldDefinition

    init(_ name: String, _ mapping: MappingDefinition, standard: String? = nil, required: Bool = false) {
        self.mapping = mapping
        definition = FieldDefinition(
            name: name, type: .mapping(mapping), standard: standard, isRequired: required, documentation: mapping.documentation)
    }
}

/// A field whose value a reader of its own takes apart.
struct RawField: DefinedField {
    let definition: FieldDefinition

    init(_ name: String, _ type: ValueType, standard: String? = nil, required: Bool = false, _ documentation: String) {
        definition = FieldDefinition(
            name: name, type: type, standard: standard, isRequired: required, documentation: documentation)
    }

    var name: String { definition.name }
}
