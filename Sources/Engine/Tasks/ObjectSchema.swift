import CanonicalJSON
import Words

/// The JSON Schema of the objects that a model extracts. Objects have no members but those that it names.
///
/// The order in which an object's members are written is the author's: a schema of an object keeps it under
/// `SchemaMember.propertyOrder`, and without that, members are sorted.
package struct ObjectSchema: Hashable, Sendable {
    package let json: JSON

    package init(json: JSON) throws(RowError) {
        guard let properties = json["properties"]?.object, !properties.isEmpty else {
            throw RowError("the schema has no 'properties'; write {type: object, properties: {…}}")
        }
        guard ["object", nil].contains(json["type"]?.string) else {
            throw RowError("the schema is of type '\(json["type"]?.string ?? "")'; what is extracted is an object")
        }
        self.json = json
    }

    /// The members of an object, in the order of writing.
    package var fields: [(name: String, schema: JSON)] { json.orderedProperties.map { ($0.key, $0.value) } }

    /// One line for each field: `time: string`, with its description or its values where there are any.
    package var listing: String {
        fields.map { name, schema in
            let values = schema["enum"]?.array.map { $0.map(\.canonicalText).joined(separator: " or ") }
            let type = values ?? schema["type"]?.string ?? "any"
            return "\(name): \(type)" + (schema["description"]?.string.map { " (\($0))" } ?? "")
        }.joined(separator: "\n")
    }

    /// An object as one line, members in the schema's order.
    package func text(of object: JSON) -> String { Self.text(of: object, json) }

    /// What about an object is not as the schema has it; `nil` where all is.
    package func fault(in object: JSON) -> String? { Self.fault(in: object, json, at: "") }

    private static func text(of value: JSON, _ schema: JSON) -> String {
        let schema = schema.alternatives?.first { fault(in: value, $0, at: "") == nil } ?? schema
        switch value {
        case .object(let object):
            let members = object.members
            let known = schema.orderedProperties.map(\.key).filter { members[$0] != nil }
            let rest = value.sortedMembers.map(\.key).filter { !known.contains($0) }
            let written = (known + rest).map { key in
                JSON.string(key).canonicalText + ":" + text(of: members[key] ?? .null, schema["properties"]?[key] ?? [:])
            }
            return "{" + written.joined(separator: ",") + "}"
        case .array(let elements):
            return "[" + elements.map { text(of: $0, schema["items"] ?? [:]) }.joined(separator: ",") + "]"
        default: return value.canonicalText
        }
    }

    private static func fault(in value: JSON, _ schema: JSON, at path: String) -> String? {
        let name = path.isEmpty ? "the object" : "'\(path)'"
        if let values = schema["enum"]?.array, !values.contains(where: { $0.canonical == value.canonical }) {
            return "\(name) is \(value.canonicalText), which is none of its values"
        }
        if let wanted = schema["const"], wanted.canonical != value.canonical {
            return "\(name) is \(value.canonicalText) and must be \(wanted.canonicalText)"
        }
        if let alternatives = schema.alternatives {
            return alternatives.contains { fault(in: value, $0, at: path) == nil } ? nil : "\(name) fits no alternative"
        }
        let types = schema["type"].map { $0.array?.compactMap(\.string) ?? [$0.string ?? ""] } ?? []
        guard types.isEmpty || types.contains(where: value.isOfType) else {
            return "\(name) is \(value.canonicalText), which is no \(types.joined(separator: " or "))"
        }
        if let elements = value.array, let items = schema["items"] {
            return elements.enumerated().lazy.compactMap { fault(in: $1, items, at: "\(path)[\($0)]") }.first
        }
        guard let members = value.object, let properties = schema["properties"] else { return nil }
        for (key, member) in value.sortedMembers {
            let place = path.isEmpty ? key : "\(path).\(key)"
            guard let inner = properties[key] else { return "'\(place)' is no field of the schema" }
            if let fault = fault(in: member, inner, at: place) { return fault }
        }
        let required = (schema["required"]?.array ?? []).compactMap(\.string)
        return required.first { members[$0] == nil }.map { "\(name) has no '\($0)'" }
    }
}

extension JSON {
    /// The members of a schema of an object as they are written.
    var orderedProperties: [(key: String, value: JSON)] {
        let sorted = (self["properties"] ?? [:]).sortedMembers
        guard let order = self[SchemaMember.propertyOrder]?.array?.compactMap(\.string) else { return sorted }
        let places = Dictionary(zip(order, order.indices), uniquingKeysWith: { first, _ in first })
        return sorted.enumerated()
            .sorted { (places[$0.element.key] ?? .max, $0.offset) < (places[$1.element.key] ?? .max, $1.offset) }
            .map(\.element)
    }

    fileprivate var alternatives: [JSON]? { self["anyOf"]?.array ?? self["oneOf"]?.array }

    fileprivate func isOfType(_ type: String) -> Bool {
        switch type {
        case "string": string != nil
        case "integer": canonical.isInteger
        case "number": isNumber
        case "boolean": bool != nil
        case "array": array != nil
        case "object": object != nil
        case "null": self == .null
        default: false
        }
    }
}
