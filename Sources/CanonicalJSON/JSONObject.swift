/// The members of a JSON object. Objects with equal members are equal, whatever the order that they were written in.
package struct JSONObject: Hashable, Sendable {
    package let members: [String: JSON]
    /// All keys in the order of the text; empty where it is not known.
    private let keys: [String]

    /// - Parameter keys: all keys of the members, each once, in the order of the text.
    init(_ members: [String: JSON], keys: [String] = []) { (self.members, self.keys) = (members, keys) }

    package static func == (left: JSONObject, right: JSONObject) -> Bool { left.members == right.members }

    package func hash(into hasher: inout Hasher) { hasher.combine(members) }

    /// The members in the order of their keys' UTF-8 bytes.
    var sorted: [(key: String, value: JSON)] {
        members.sorted { $0.key.precedesInBytes($1.key) }
    }

    /// The members in the order of the text; sorted where it is not known.
    var written: [(key: String, value: JSON)] {
        keys.isEmpty ? sorted : keys.compactMap { key in members[key].map { (key, $0) } }
    }
}

extension JSON {
    /// An object whose order nobody asked for.
    package static func object(_ members: [String: JSON]) -> JSON { .object(JSONObject(members)) }

    /// An object that keeps the order of its members. Of members with one key the last counts, in the first's place.
    package static func object(inOrder members: [(String, JSON)]) -> JSON {
        var values: [String: JSON] = [:]
        var keys: [String] = []
        for (key, value) in members where values.updateValue(value, forKey: key) == nil { keys.append(key) }
        return .object(JSONObject(values, keys: keys))
    }

    /// The object with the value of each member changed; the order stays. Any other value as it is.
    package func mapMembers(_ change: (_ key: String, _ value: JSON) -> JSON) -> JSON {
        guard case .object(let object) = self else { return self }
        return .object(inOrder: object.written.map { ($0.key, change($0.key, $0.value)) })
    }

    /// The object with some of its members; the order stays. Any other value as it is.
    package func filterMembers(_ isKept: (_ key: String, _ value: JSON) -> Bool) -> JSON {
        guard case .object(let object) = self else { return self }
        return .object(inOrder: object.written.filter { isKept($0.key, $0.value) }.map { ($0.key, $0.value) })
    }

    /// The members of an object as they were written, sorted where that is not known; empty for any other value.
    package var writtenMembers: [(key: String, value: JSON)] {
        if case .object(let object) = self { object.written } else { [] }
    }
}

/// Numbers that neither a 64-bit integer nor a double spells as they are written.
extension JSON {
    /// The value of a number's text, which comes back from it unchanged: `0.10`, `1e400` and long integers are decimals.
    static func number(written text: String) -> JSON {
        if let value = Int64(text), String(value) == text { return .integer(value) }
        if let value = Double(text), value.description == text { return .real(value) }
        return .decimal(text)
    }

    /// The usual value of a decimal. What a double cannot tell from another number stays a decimal: integers beyond 64 bits,
    /// and numbers that are too large or too close to zero.
    static func number(decimal text: String) -> JSON {
        if isInteger(text) { return Int64(text).map(JSON.integer) ?? .decimal(text) }
        guard let value = Double(text), value.isFinite else { return .decimal(text) }
        let digits = text.prefix { $0 != "e" && $0 != "E" }
        return value == 0 && digits.contains(where: { ("1"..."9").contains($0) }) ? .decimal(text) : .number(value)
    }

    /// The value with each number spelled as JSON usually spells it, for texts of programs whose spelling means nothing.
    package var usuallySpelled: JSON {
        switch self {
        case .decimal(let text): .number(decimal: text)
        case .array(let values): .array(values.map(\.usuallySpelled))
        default: mapMembers { $1.usuallySpelled }
        }
    }

    /// Whether a number's text is an integer's.
    private static func isInteger(_ text: String) -> Bool { text.utf8.allSatisfy { $0 == 0x2D || (0x30...0x39).contains($0) } }

    /// Whether the value is an integer of any length.
    package var isInteger: Bool {
        switch self {
        case .integer: true
        case .decimal(let text): Self.isInteger(text)
        default: false
        }
    }

    package var isNumber: Bool {
        switch self {
        case .integer, .real, .decimal: true
        default: false
        }
    }
}
