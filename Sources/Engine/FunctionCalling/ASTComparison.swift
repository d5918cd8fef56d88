import CanonicalJSON

/// The rules of the Berkeley function-calling leaderboard's AST checker for one call.
///
/// The function's name is the wanted one, every required argument is there, no argument is unknown or unwanted, every value has
/// the schema's type, and values are equal; strings are equal when they differ only in case, spaces and the punctuation
/// `,./-_*^`, an integer is a fine number.
enum ASTComparison {
    /// What makes a call another one than the wanted; `nil` where it is right.
    static func difference(
        of call: FunctionCall, from wanted: FunctionCall, functions: [String: FunctionDefinition]
    ) -> String? {
        guard call.name == wanted.name else { return "\(call.name) is called where \(wanted.name) is wanted" }
        guard let function = functions[call.name] else { return "\(call.name) is not defined" }
        if let missing = function.required.first(where: { call.arguments[$0] == nil }) {
            return "\(call.name): the required argument '\(missing)' is missing"
        }
        for (name, value) in call.arguments.sorted(by: { $0.key < $1.key }) {
            guard let schema = function.schema(of: name) else { return "\(call.name) has no argument '\(name)'" }
            guard conforms(value, to: schema) else {
                let type = schema["type"]?.string ?? "value of its type"
                return "\(call.name): '\(name)' is \(value.canonicalText), which is no \(type)"
            }
            guard let expected = wanted.arguments[name] else { return "\(call.name): '\(name)' is not asked for" }
            guard equal(value, expected) else {
                return "\(call.name): '\(name)' is \(value.canonicalText) where \(expected.canonicalText) is wanted"
            }
        }
        if let missing = wanted.arguments.keys.sorted().first(where: { call.arguments[$0] == nil }) {
            return "\(call.name): the argument '\(missing)' is missing"
        }
        return nil
    }

    /// Whether a value has the type of its schema; a schema without a type takes anything.
    private static func conforms(_ value: JSON, to schema: JSON) -> Bool {
        switch schema["type"]?.string {
        case "string": value.string != nil
        case "integer": value.integer != nil
        case "number", "float": value.double != nil
        case "boolean": value.bool != nil
        case "array": (value.array ?? [nil]).allSatisfy { element in schema["items"].map { conforms(element, to: $0) } ?? true }
            && value.array != nil
        case "object", "dict": value.object != nil
        case "null": value == .null
        default: true
        }
    }

    private static func equal(_ left: JSON, _ right: JSON) -> Bool {
        switch (left, right) {
        case (.string(let left), .string(let right)):
            return normalized(left) == normalized(right)
        case (.array(let left), .array(let right)):
            return left.count == right.count && zip(left, right).allSatisfy(equal)
        case (.object(let left), .object(let right)):
            return left.count == right.count
                && left.allSatisfy { key, value in right[key].map { equal(value, $0) } ?? false }
        default:
            return left == right
        }
    }

    private static func normalized(_ text: String) -> String {
        text.lowercased().filter { !" ,./-_*^".contains($0) }.replacing("'", with: "\"")
    }
}
