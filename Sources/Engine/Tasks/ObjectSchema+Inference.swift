import CanonicalJSON

/// Finds the schema that objects have in common: every field that any has, with the types of its values, none required.
package struct SchemaInference: Sendable {
    private var shape = Shape()

    package init() {}

    package mutating func add(_ object: [String: JSON]) { shape.add(.object(object)) }

    /// - Throws: where no object has a field.
    package func schema() throws(RowError) -> ObjectSchema {
        guard !shape.members.isEmpty else { throw RowError("no row's object has a field") }
        return try ObjectSchema(json: shape.json)
    }

    /// The types of the values of one place.
    private struct Shape {
        private var types: Set<String> = []
        private(set) var members: [String: Shape] = [:]
        private var elements: [Shape] = []

        mutating func add(_ value: JSON) {
            switch value {
            case .null: types.insert("null")
            case .bool: types.insert("boolean")
            case .integer: types.insert("integer")
            case .real: types.insert("number")
            case .decimal: types.insert(value.isInteger ? "integer" : "number")
            case .string: types.insert("string")
            case .array(let values):
                types.insert("array")
                if elements.isEmpty { elements = [Shape()] }
                for value in values { elements[0].add(value) }
            case .object(let object):
                types.insert("object")
                for (key, value) in object.members { members[key, default: Shape()].add(value) }
            }
        }

        var json: JSON {
            let names = types.contains("number") ? types.subtracting(["integer"]) : types
            let alternatives = names.sorted().map(schema)
            return alternatives.count == 1 ? alternatives[0] : alternatives.isEmpty ? [:] : ["anyOf": .array(alternatives)]
        }

        private func schema(of type: String) -> JSON {
            switch type {
            case "array": ["type": "array", "items": elements.first?.json ?? [:]]
            case "object": ["type": "object", "properties": .object(members.mapValues(\.json))]
            default: ["type": .string(type)]
            }
        }
    }
}
