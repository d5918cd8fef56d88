import CanonicalJSON

extension BytePattern {
    /// Containers nested in a value whose schema says nothing of them.
    private static let freeDepth = 2

    /// The answers that call some of these functions, as `PromptStyle.response` spells them: any number of calls, or none.
    package static func calls(of functions: [FunctionDefinition]) -> BytePattern {
        array(of: .choice(functions.map(call)))
    }

    /// `{"name":"set_light","arguments":{"room":"kitchen"}}`
    private static func call(of function: FunctionDefinition) -> BytePattern {
        .sequence([
            .text("{\"name\":"), json(.string(function.name)), .text(",\"arguments\":"), members(of: function.parameters),
            .text("}"),
        ])
    }

    private static func members(of schema: JSON) -> BytePattern {
        let required = Set((schema["required"]?.array ?? []).compactMap(\.string))
        return object(
            (schema["properties"] ?? [:]).sortedMembers.map { key, value in
                (key, self.value(of: value), required.contains(key))
            })
    }

    /// The values of a JSON Schema: `enum`, `const`, `anyOf`, and the types that `ArgumentType` knows, BFCL's names of them too.
    private static func value(of schema: JSON) -> BytePattern {
        if let values = schema["enum"]?.array { return .choice(values.map(json)) }
        if let value = schema["const"] { return json(value) }
        if let schemas = schema["anyOf"]?.array ?? schema["oneOf"]?.array { return .choice(schemas.map(value)) }
        if let types = schema["type"]?.array { return .choice(types.map { value(of: schema, type: $0.string) }) }
        return value(of: schema, type: schema["type"]?.string)
    }

    private static func value(of schema: JSON, type: String?) -> BytePattern {
        switch type {
        case "string": string
        case "integer": integer
        case "number", "float": number
        case "boolean": boolean
        case "null": .text("null")
        case "any": string
        case "array", "tuple": array(of: schema["items"].map(value) ?? anyValue(depth: freeDepth - 1))
        case "object", "dict":
            schema["properties"] == nil ? freeObject(of: anyValue(depth: freeDepth - 1)) : members(of: schema)
        default: anyValue(depth: freeDepth)
        }
    }
}
