import CanonicalJSON

/// A wanted call with the allowed values of each argument, as in BFCL's possible answers.
///
/// Numbers keep their spelling: `5` and `5.0` are values of two types. An object among the allowed values holds a list of allowed
/// values for each of its keys.
package struct PossibleCall: Hashable, Sendable {
    /// The allowed value that says that an argument, or an object's key, may be omitted.
    package static let leftOut: JSON = ""

    package var name: String
    package var arguments: [String: [JSON]]

    package var json: JSON { ["name": .string(name), "arguments": .object(arguments.mapValues(JSON.array))] }
}

extension PossibleCall {
    /// Reads `{"name", "arguments": {argument: [value, …]}}`.
    package init(json: JSON) throws(RowError) {
        let (name, members) = try FunctionCall.members(of: json, "possible call")
        var arguments: [String: [JSON]] = [:]
        for (argument, values) in members {
            guard let values = values.array else {
                throw RowError("the possible call of '\(name)' has no list of values for '\(argument)'")
            }
            arguments[argument] = values
        }
        self.init(name: name, arguments: arguments)
    }

    /// The possible call that only this call answers.
    init(only call: FunctionCall, of function: FunctionDefinition?) {
        self.init(
            name: call.name,
            arguments: call.arguments.reduce(into: [:]) { arguments, argument in
                let parameter = ParameterType(schema: function?.schema(of: argument.key))
                arguments[argument.key] = [Self.alternatives(argument.value, parameter)]
            })
    }

    /// A value in the form of allowed values, where objects that are compared key by key hold lists of values.
    private static func alternatives(_ value: JSON, _ parameter: ParameterType) -> JSON {
        switch value {
        case .object(let object) where parameter.type == nil || parameter.type == .dictionary:
            .object(object.members.mapValues { .array([$0]) })
        case .array(let elements) where parameter.element == .dictionary:
            .array(elements.map { alternatives($0, ParameterType(type: .dictionary)) })
        default: value
        }
    }

    /// A right call with the first allowed value of every argument. An argument is omitted where "may be omitted" comes first.
    package func firstCall(of function: FunctionDefinition?) -> FunctionCall {
        let required = Set(function?.required ?? [])
        return FunctionCall(
            name: name,
            arguments: arguments.reduce(into: [:]) { call, argument in
                let parameter = ParameterType(schema: function?.schema(of: argument.key))
                let values =
                    required.contains(argument.key)
                    ? argument.value.filter { $0 != Self.leftOut } + argument.value : argument.value
                guard let first = values.first, first != Self.leftOut || required.contains(argument.key) else { return }
                call[argument.key] = Self.firstValue(first, parameter)
            })
    }

    private static func firstValue(_ value: JSON, _ parameter: ParameterType) -> JSON {
        switch value {
        case .object(let object) where parameter.type == .dictionary:
            .object(
                object.members.compactMapValues { values in
                    guard let list = values.array else { return values }
                    return list.first == leftOut ? nil : list.first
                })
        case .array(let elements) where parameter.element == .dictionary:
            .array(elements.map { firstValue($0, ParameterType(type: .dictionary)) })
        default: value
        }
    }
}

/// The types of values that BFCL's AST checker distinguishes: an integer is no float, and a boolean is no integer.
enum ArgumentType: Hashable, Sendable {
    case string
    case integer
    case float
    case boolean
    case list
    case dictionary
    case null

    init(of value: JSON) {
        switch value {
        case .null: self = .null
        case .bool: self = .boolean
        case .integer: self = .integer
        case .real: self = .float
        case .decimal: self = value.isInteger ? .integer : .float
        case .string: self = .string
        case .array: self = .list
        case .object: self = .dictionary
        }
    }

    /// The type that a schema names; BFCL's `any` is a string. `nil` where the schema names none or several.
    init?(schema: JSON?) {
        switch schema?["type"]?.string {
        case "string", "any": self = .string
        case "integer": self = .integer
        case "number", "float": self = .float
        case "boolean": self = .boolean
        case "array", "tuple": self = .list
        case "object", "dict": self = .dictionary
        case "null": self = .null
        default: return nil
        }
    }
}

/// The types in a schema that the checker compares: the value's type, and the type of a list's elements.
struct ParameterType: Hashable, Sendable {
    /// `nil` allows any value.
    var type: ArgumentType?
    var element: ArgumentType?

    init(type: ArgumentType?, element: ArgumentType? = nil) { (self.type, self.element) = (type, element) }

    init(schema: JSON?) {
        let type = ArgumentType(schema: schema)
        self.init(type: type, element: type == .list ? ArgumentType(schema: schema?["items"]) : nil)
    }
}

extension JSON {
    /// The value with integers as reals where the schema requires numbers, because canonical rows spell `5.0` as `5`.
    func widened(to schema: JSON?) -> JSON {
        switch self {
        case .integer, .decimal: ArgumentType(schema: schema) == .float && isInteger ? double.map(JSON.real) ?? self : self
        case .array(let elements): .array(elements.map { $0.widened(to: schema?["items"]) })
        case .object(let object):
            .object(
                object.members.reduce(into: [:]) { $0[$1.key] = $1.value.widened(to: schema?["properties"]?[$1.key]) })
        default: self
        }
    }
}
