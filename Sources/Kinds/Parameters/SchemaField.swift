import CanonicalJSON
import Declarations
import SpannedYAML
import Words

extension Field where Value == String {
    /// A JSON Schema as a mapping. The value is its text, with the order of properties as written.
    package static func schema(_ name: String, _ documentation: String) -> Field {
        Field(
            name, .named(.anything), standard: nil, nothing: "", documentation, spell: { $0.isEmpty ? nil : $0 }
        ) { node, place in
            guard node.mapping != nil else {
                place.report(
                    .wrongType(place.field, wants: "a JSON Schema such as {properties: {NAME: {type: string}}}", found: node))
                return nil
            }
            return JSON(schema: node).canonicalText
        }
    }
}

extension JSON {
    /// A value that YAML or JSON text spells, with the order of the properties in its schemas.
    package init(schema node: Node) {
        switch node.content {
        case .scalar(let scalar): self = scalar.style == .plain ? JSON(plain: scalar.text) : .string(scalar.text)
        case .sequence(let elements): self = .array(elements.map(JSON.init(schema:)))
        case .mapping(let entries):
            var members = Dictionary(entries.map { ($0.name, JSON(schema: $0.value)) }, uniquingKeysWith: { $1 })
            let names = (node["properties"]?.mapping ?? []).map(\.name)
            let sorted = (members["properties"] ?? [:]).sortedMembers.map(\.key)
            if names != sorted { members[SchemaMember.propertyOrder] = .array(names.map(JSON.string)) }
            self = .object(members)
        }
    }

    /// A scalar without quotes, by the rules of JSON; whatever is no value there is a text.
    private init(plain text: String) {
        if ["", "~", "Null", "NULL"].contains(text) {
            self = .null
        } else if let value = try? JSON(parsing: text), value.array == nil, value.object == nil, value.string == nil {
            self = value
        } else {
            self = .string(text)
        }
    }
}
