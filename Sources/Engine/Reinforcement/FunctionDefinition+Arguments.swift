import CanonicalJSON

extension FunctionDefinition {
    /// Whether it has every one of these arguments, and each value is of its schema's type.
    func takes(_ arguments: [String: JSON]) -> Bool {
        arguments.allSatisfy { name, value in schema(of: name).map { Self.isOfType(value, $0) } ?? false }
    }

    /// A schema that names no type takes anything; lists and objects are looked into. An integer is a fine number.
    private static func isOfType(_ value: JSON, _ schema: JSON) -> Bool {
        switch schema["type"]?.string {
        case "string": value.string != nil
        case "integer": value.integer != nil
        case "number", "float": value.double != nil
        case "boolean": value.bool != nil
        case "array":
            value.array?.allSatisfy { element in schema["items"].map { isOfType(element, $0) } ?? true } ?? false
        case "object", "dict":
            value.object?.allSatisfy { key, value in schema["properties"]?[key].map { isOfType(value, $0) } ?? true } ?? false
        case "null": value == .null
        default: true
        }
    }
}
