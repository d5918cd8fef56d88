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
