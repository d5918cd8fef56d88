import CanonicalJSON

extension FunctionDefinition {
    /// The function as the chat completions interface takes it.
    package var chatTool: JSON { ["type": "function", "function": json] }

    /// The function as chat templates take it: `{"type": "function", "function": {"name", "description", "parameters"}}`.
    var tool: TemplateValue {
        let members: [(String, TemplateValue)] = [
            ("name", .string(name)), ("description", .string(summary)), ("parameters", Self.schema(parameters)),
        ]
        return .mapping(TemplateMapping([("type", .string("function")), ("function", .mapping(TemplateMapping(members)))]))
    }

    /// A schema in the order in which people write one, which models saw in training; what has no such place comes last.
    private static func schema(_ json: JSON) -> TemplateValue {
        guard let members = json.object else { return TemplateValue(json) }
        let first = ["type", "description", "enum", "items", "properties", "required"]
        let keys = first.filter { members[$0] != nil } + json.sortedMembers.map(\.key).filter { !first.contains($0) }
        return .mapping(
            TemplateMapping(
                keys.map { key in
                    let value = members[key] ?? .null
                    guard key == "properties" else { return (key, schema(value)) }
                    return (key, .mapping(TemplateMapping(value.sortedMembers.map { ($0.key, schema($0.value)) })))
                }))
    }
}
