/// A JSON value with one canonical spelling.
///
/// Objects are compared and written by sorted key, integral numbers are integers (`1.0` is `1`), so that two equal values
/// always have the same bytes and the bytes may be hashed.
public enum JSON: Hashable, Sendable {
    case null
    case bool(Bool)
    case integer(Int64)
    /// A finite number that is not an exact 64-bit integer; `JSON.number` keeps that rule.
    case real(Double)
    case string(String)
    case array([JSON])
    case object([String: JSON])

    /// The value of a number: `integer` where it is integral and exact, `real` otherwise, `null` where it is not finite.
    public static func number(_ value: Double) -> JSON {
        if let integer = Int64(exactly: value) { return .integer(integer) }
        return value.isFinite ? .real(value) : .null
    }

    /// The value with every number in it as `number` gives it.
    public var canonical: JSON {
        switch self {
        case .real(let value): .number(value)
        case .array(let elements): .array(elements.map(\.canonical))
        case .object(let members): .object(members.mapValues(\.canonical))
        default: self
        }
    }

    public subscript(key: String) -> JSON? {
        if case .object(let members) = self { members[key] } else { nil }
    }

    public subscript(index: Int) -> JSON? {
        if case .array(let elements) = self, elements.indices.contains(index) { elements[index] } else { nil }
    }

    public var string: String? { if case .string(let value) = self { value } else { nil } }
    public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    public var array: [JSON]? { if case .array(let value) = self { value } else { nil } }
    public var object: [String: JSON]? { if case .object(let value) = self { value } else { nil } }

    public var integer: Int? {
        if case .integer(let value) = self { Int(value) } else { nil }
    }

    /// The numeric value of either number case.
    public var double: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .real(let value): value
        default: nil
        }
    }

    /// The members of an object in the order of their keys' UTF-8 bytes; empty for any other value.
    public var sortedMembers: [(key: String, value: JSON)] {
        (object ?? [:]).sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
    }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
    public init(stringLiteral value: String) { self = .string(value) }
    public init(integerLiteral value: Int64) { self = .integer(value) }
    public init(floatLiteral value: Double) { self = .number(value) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(arrayLiteral elements: JSON...) { self = .array(elements) }
    public init(dictionaryLiteral elements: (String, JSON)...) {
        self = .object(Dictionary(elements, uniquingKeysWith: { _, last in last }))
    }
    public init(nilLiteral: ()) { self = .null }
}
