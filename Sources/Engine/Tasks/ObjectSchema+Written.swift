import CanonicalJSON
import Words

/// Schemas that somebody writes for one question.
extension ObjectSchema {
    /// Words of JSON Schema that no grammar of ours holds an answer to.
    private static let unheld = [
        "$dynamicRef", "contains", "dependentRequired", "dependentSchemas", "else", "exclusiveMaximum", "exclusiveMinimum",
        "if", "maxContains", "maxItems", "maxLength", "maxProperties", "maximum", "minContains", "minItems", "minLength",
        "minProperties", "minimum", "multipleOf", "not", "pattern", "patternProperties", "prefixItems", "propertyNames", "then",
        "unevaluatedItems", "unevaluatedProperties", "uniqueItems",
    ]

    /// The schema of an object as others write it: references are unfolded, and members come in the order of writing.
    ///
    /// - Parameter json: parsed with the order of its members.
    /// - Throws: where the schema is not of an object, or says what a grammar cannot hold an answer to.
    package init(written json: JSON, named name: String) throws(RowError) {
        let unfolded = try SchemaUnfolding.unfolded(json, function: name)
        if let word = Self.unheldWord(in: unfolded) {
            throw RowError("the schema '\(name)' says '\(word)', which no grammar holds an answer to; leave it out")
        }
        try self.init(json: Self.keepingOrder(unfolded))
    }

    /// The first word that no grammar holds an answer to; `nil` where there is none.
    package static func unheldWord(in schema: JSON) -> String? {
        guard schema.object != nil else { return nil }
        for (key, value) in schema.sortedMembers {
            if unheld.contains(key) { return key }
            let inner: [JSON] =
                switch key {
                case "properties": value.sortedMembers.map(\.value)
                case "anyOf", "oneOf": value.array ?? []
                case "items": [value]
                default: []
                }
            if let word = inner.lazy.compactMap(unheldWord).first { return word }
        }
        return nil
    }

    private static func keepingOrder(_ schema: JSON) -> JSON {
        let kept = schema.mapMembers { key, value in
            switch key {
            case "properties": value.mapMembers { keepingOrder($1) }
            case "anyOf", "oneOf": .array((value.array ?? []).map(keepingOrder))
            case "items": keepingOrder(value)
            default: value
            }
        }
        guard let properties = schema["properties"], kept[SchemaMember.propertyOrder] == nil else { return kept }
        let order: JSON = .array(properties.writtenMembers.map { .string($0.key) })
        return .object(inOrder: kept.writtenMembers.map { ($0.key, $0.value) } + [(SchemaMember.propertyOrder, order)])
    }
}
