import Foundation

extension JSON {
    /// The JSON value of an `Encodable` value (a parameter struct, say); property names become `snake_case` keys.
    package init(encoding value: some Encodable) throws {
        let encoder = JSONValueEncoder(codingPath: [], keepsKeys: value is [String: Any])
        self = try encoder.json(of: value)
    }

    /// Reads a `Decodable` value back from `snake_case` keys.
    package func decode<Value: Decodable>(_ type: Value.Type = Value.self) throws -> Value {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(type, from: Data(canonicalBytes))
    }
}

/// Encodes values straight into `JSON`: plans of many stages encode many parameters.
final class JSONValueEncoder: Encoder {
    let codingPath: [any CodingKey]
    let userInfo: [CodingUserInfoKey: Any] = [:]
    fileprivate var content = Content.none
    /// Whether keys are a dictionary's: those are data, and stay as they are.
    private let keepsKeys: Bool

    /// What has been written: a value, or a container that is still being filled.
    fileprivate enum Content {
        case none
        case value(JSON)
        case object(Members)
        case array(Elements)

        var json: JSON? {
            switch self {
            case .none: nil
            case .value(let value): value
            case .object(let members): .object(members.values.mapValues(\.json).compactMapValues { $0 })
            case .array(let elements): .array(elements.values.compactMap(\.json))
            }
        }
    }

    fileprivate final class Members {
        var values: [String: Content] = [:]
    }

    fileprivate final class Elements {
        var values: [Content] = []
    }

    init(codingPath: [any CodingKey], keepsKeys: Bool = false) { (self.codingPath, self.keepsKeys) = (codingPath, keepsKeys) }

    func json(of value: some Encodable) throws -> JSON {
        try value.encode(to: self)
        guard let json = content.json else {
            throw EncodingError.invalidValue(
                value, .init(codingPath: codingPath, debugDescription: "The value encodes nothing."))
        }
        return json
    }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        let members = Members()
        content = .object(members)
        return KeyedEncodingContainer(KeyedContainer<Key>(codingPath: codingPath, members: members, keepsKeys: keepsKeys))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        let elements = Elements()
        content = .array(elements)
        return UnkeyedContainer(codingPath: codingPath, elements: elements)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer { SingleContainer(encoder: self) }

    /// A value in a container: plain ones as themselves, others through an encoder of their own.
    fileprivate static func content(of value: some Encodable, at path: [any CodingKey]) throws -> Content {
        switch value {
        case let value as String: return .value(.string(value))
        case let value as Bool: return .value(.bool(value))
        case let value as Int: return .value(.integer(Int64(value)))
        case let value as Double: return .value(try number(value, at: path))
        default:
            let encoder = JSONValueEncoder(codingPath: path, keepsKeys: value is any StringKeyed)
            return .value(try encoder.json(of: value))
        }
    }

    fileprivate static func number(_ value: Double, at path: [any CodingKey]) throws -> JSON {
        guard value.isFinite else {
            throw EncodingError.invalidValue(value, .init(codingPath: path, debugDescription: "JSON has no such number."))
        }
        return .number(value)
    }

    /// `heldOutValues` as keys spell it: `held_out_values`.
    fileprivate static func snakeCase(_ name: String) -> String {
        guard name.utf8.contains(where: { (65...90).contains($0) }) else { return name }
        var bytes: [UInt8] = []
        for byte in name.utf8 {
            if (65...90).contains(byte) { bytes += [UInt8(ascii: "_"), byte + 32] } else { bytes.append(byte) }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// A dictionary whose keys are texts.
private protocol StringKeyed {}
extension Dictionary: StringKeyed where Key == String {}

private struct KeyedContainer<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let codingPath: [any CodingKey]
    let members: JSONValueEncoder.Members
    var keepsKeys = false

    private func set(_ content: JSONValueEncoder.Content, for key: some CodingKey) {
        members.values[keepsKeys ? key.stringValue : JSONValueEncoder.snakeCase(key.stringValue)] = content
    }

    mutating func encodeNil(forKey key: Key) { set(.value(.null), for: key) }

    mutating func encode(_ value: some Encodable, forKey key: Key) throws {
        set(try JSONValueEncoder.content(of: value, at: codingPath + [key]), for: key)
    }

    mutating func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) -> KeyedEncodingContainer<Nested> {
        let nested = JSONValueEncoder.Members()
        set(.object(nested), for: key)
        return KeyedEncodingContainer(KeyedContainer<Nested>(codingPath: codingPath + [key], members: nested))
    }

    mutating func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
        let nested = JSONValueEncoder.Elements()
        set(.array(nested), for: key)
        return UnkeyedContainer(codingPath: codingPath + [key], elements: nested)
    }

    mutating func superEncoder() -> any Encoder { JSONValueEncoder(codingPath: codingPath) }
    mutating func superEncoder(forKey key: Key) -> any Encoder { JSONValueEncoder(codingPath: codingPath + [key]) }
}

private struct UnkeyedContainer: UnkeyedEncodingContainer {
    let codingPath: [any CodingKey]
    let elements: JSONValueEncoder.Elements

    var count: Int { elements.values.count }

    mutating func encodeNil() { elements.values.append(.value(.null)) }

    mutating func encode(_ value: some Encodable) throws {
        elements.values.append(try JSONValueEncoder.content(of: value, at: codingPath))
    }

    mutating func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) -> KeyedEncodingContainer<Nested> {
        let nested = JSONValueEncoder.Members()
        elements.values.append(.object(nested))
        return KeyedEncodingContainer(KeyedContainer<Nested>(codingPath: codingPath, members: nested))
    }

    mutating func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
        let nested = JSONValueEncoder.Elements()
        elements.values.append(.array(nested))
        return UnkeyedContainer(codingPath: codingPath, elements: nested)
    }

    mutating func superEncoder() -> any Encoder { JSONValueEncoder(codingPath: codingPath) }
}

private struct SingleContainer: SingleValueEncodingContainer {
    let encoder: JSONValueEncoder

    var codingPath: [any CodingKey] { encoder.codingPath }

    mutating func encodeNil() { encoder.content = .value(.null) }
    mutating func encode(_ value: Bool) { encoder.content = .value(.bool(value)) }
    mutating func encode(_ value: String) { encoder.content = .value(.string(value)) }
    mutating func encode(_ value: Double) throws {
        encoder.content = .value(try JSONValueEncoder.number(value, at: codingPath))
    }
    mutating func encode(_ value: Float) throws { try encode(Double(value)) }
    mutating func encode(_ value: Int) { encoder.content = .value(.integer(Int64(value))) }
    mutating func encode(_ value: Int8) { encode(Int(value)) }
    mutating func encode(_ value: Int16) { encode(Int(value)) }
    mutating func encode(_ value: Int32) { encode(Int(value)) }
    mutating func encode(_ value: Int64) { encoder.content = .value(.integer(value)) }
    mutating func encode(_ value: UInt8) { encode(Int(value)) }
    mutating func encode(_ value: UInt16) { encode(Int(value)) }
    mutating func encode(_ value: UInt32) { encode(Int(value)) }
    mutating func encode(_ value: UInt) throws { try encode(UInt64(value)) }

    mutating func encode(_ value: UInt64) throws {
        guard let integer = Int64(exactly: value) else {
            throw EncodingError.invalidValue(
                value, .init(codingPath: codingPath, debugDescription: "The number is out of range."))
        }
        encoder.content = .value(.integer(integer))
    }

    mutating func encode(_ value: some Encodable) throws {
        encoder.content = try JSONValueEncoder.content(of: value, at: codingPath)
    }
}
