/// A JSON value with one canonical spelling.
///
/// Objects are compared and written by sorted key, integral numbers are integers (`1.0` is `1`), so that two equal values
/// always have the same bytes and the bytes may be hashed.
package enum JSON: Hashable, Sendable {
    case null
    case bool(Bool)
    case integer(Int64)
    /// A finite number that is not an exact 64-bit integer; `JSON.number` keeps that rule.
    case real(Double)
    /// A number's text, where neither case above spells the number so. Only what is parsed as written has decimals.
    case decimal(String)
    case string(String)
    case array([JSON])
    case object(JSONObject)

    /// The value of a number: `integer` where it is integral and exact, `real` otherwise, `null` where it is not finite.
    package static func number(_ value: Double) -> JSON {
        if let integer = Int64(exactly: value) { return .integer(integer) }
        return value.isFinite ? .real(value) : .null
    }

    package static func count(_ value: Int) -> JSON { .integer(Int64(value)) }

    /// The value with every number in it as `number` gives it.
    package var canonical: JSON {
        switch self {
        case .real(let value): .number(value)
        case .decimal(let text): .number(decimal: text)
        case .array(let elements): .array(elements.map(\.canonical))
        case .object(let object): .object(object.members.mapValues(\.canonical))
        default: self
        }
    }

    package subscript(key: String) -> JSON? {
        if case .object(let object) = self { object.members[key] } else { nil }
    }

    package subscript(index: Int) -> JSON? {
        if case .array(let elements) = self, elements.indices.contains(index) { elements[index] } else { nil }
    }

    package var string: String? { if case .string(let value) = self { value } else { nil } }
    package var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    package var array: [JSON]? { if case .array(let value) = self { value } else { nil } }
    package var object: [String: JSON]? { if case .object(let object) = self { object.members } else { nil } }

    package var integer: Int? {
        if case .integer(let value) = self { Int(value) } else { nil }
    }

    /// The nearest double of a number that is in range.
    package var double: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .real(let value): value
        case .decimal(let text): Double(text).flatMap { $0.isFinite ? $0 : nil }
        default: nil
        }
    }

    /// The members of an object in the order of their keys' UTF-8 bytes; empty for any other value.
    package var sortedMembers: [(key: String, value: JSON)] {
        if case .object(let object) = self { object.sorted } else { [] }
    }
}

extension String {
    /// Whether the UTF-8 bytes come before another string's.
    func precedesInBytes(_ other: String) -> Bool {
        let fast: Bool?? = utf8.withContiguousStorageIfAvailable { own in
            other.utf8.withContiguousStorageIfAvailable { own.lexicographicallyPrecedes($0) }
        }
        return fast.flatMap { $0 } ?? utf8.lexicographicallyPrecedes(other.utf8)
    }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
    package init(stringLiteral value: String) { self = .string(value) }
    package init(integerLiteral value: Int64) { self = .integer(value) }
    package init(floatLiteral value: Double) { self = .number(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(arrayLiteral elements: JSON...) { self = .array(elements) }
    package init(dictionaryLiteral elements: (String, JSON)...) {
        self = .object(Dictionary(elements, uniquingKeysWith: { _, last in last }))
    }
    package init(nilLiteral: ()) { self = .null }
}
