import CanonicalJSON

/// The types of values that BFCL's AST checker tells apart: an integer is no float, a boolean no integer.
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
        case .string: self = .string
        case .array: self = .list
        case .object: self = .dictionary
        }
    }

    /// The type that a schema names; BFCL's `any` is a text. `nil` where the schema names none or several.
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

/// What a schema says of an argument's type, as deep as the checker looks: the value's type, and that of a list's elements.
struct ParameterType: Hashable, Sendable {
    /// `nil` takes anything.
    var type: ArgumentType?
    var element: ArgumentType?

    init(type: ArgumentType?, element: ArgumentType? = nil) {
        self.type = type
        self.element = element
    }

    init(schema: JSON?) {
        let type = ArgumentType(schema: schema)
        self.init(type: type, element: type == .list ? ArgumentType(schema: schema?["items"]) : nil)
    }
}

extension JSON {
    /// The value with its integers as reals wherever the schema asks for a number: for values whose spelling says nothing of
    /// their type, because canonical rows write `5.0` as `5`.
    func widened(to schema: JSON?) -> JSON {
        switch self {
        case .integer(let value): ArgumentType(schema: schema) == .float ? .real(Double(value)) : self
        case .array(let elements): .array(elements.map { $0.widened(to: schema?["items"]) })
        case .object(let members):
            .object(
                members.reduce(into: [:]) { $0[$1.key] = $1.value.widened(to: schema?["properties"]?[$1.key]) })
        default: self
        }
    }
}
