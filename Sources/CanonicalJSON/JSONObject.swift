/// The members of a JSON object. Objects with equal members are equal, whatever the order that they were written in.
///
/// Swift takes two keys for one where they are canonically equivalent, as U+F900 and U+8C48 are. `members` has the one whose
/// bytes come first; the `twins` are the others, which only files of tokens have.
package struct JSONObject: Hashable, Sendable {
    package let members: [String: JSON]
    /// Members whose key is another spelling of a key of `members`, in the order of their bytes.
    private let twins: [Twin]
    /// All keys in the order of the text; empty where it is not known.
    private let keys: [String]

    private struct Twin: Hashable, Sendable {
        var key: [UInt8]
        var value: JSON
    }

    /// - Parameters:
    ///   - keys: all keys of the members, each once, in the order of the text.
    ///   - twins: members with other spellings of these keys; they come last where the order of the text is asked for.
    init(_ members: [String: JSON], keys: [String] = [], twins: [(key: String, value: JSON)] = []) {
        var (members, keys, twins) = (members, keys, twins)
        for (place, twin) in twins.enumerated() {
            guard let index = members.index(forKey: twin.key), twin.key.precedesInBytes(members[index].key) else { continue }
            let member = members.remove(at: index)
            members[twin.key] = twin.value
            keys = keys.map { $0 == twin.key ? twin.key : $0 }
            twins[place] = (member.key, member.value)
        }
        (self.members, self.keys) = (members, keys)
        self.twins = twins.sorted { $0.key.precedesInBytes($1.key) }.map { Twin(key: Array($0.key.utf8), value: $0.value) }
    }

    package static func == (left: JSONObject, right: JSONObject) -> Bool {
        left.members == right.members && left.twins == right.twins
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(members)
        hasher.combine(twins)
    }

    /// The members in the order of their keys' UTF-8 bytes.
    var sorted: [(key: String, value: JSON)] {
        (Array(members) + twinMembers).sorted { $0.key.precedesInBytes($1.key) }
    }

    /// The members in the order of the text; sorted where it is not known.
    var written: [(key: String, value: JSON)] {
        keys.isEmpty ? sorted : keys.compactMap { key in members[key].map { (key, $0) } } + twinMembers
    }

    private var twinMembers: [(key: String, value: JSON)] {
        twins.map { (key: String(decoding: $0.key, as: UTF8.self), value: $0.value) }
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

    /// An object whose keys differ in their bytes, though Swift may take some for equal.
    package static func object(byBytes members: [(String, JSON)]) -> JSON {
        var values: [String: JSON] = [:]
        var twins: [(key: String, value: JSON)] = []
        values.reserveCapacity(members.count)
        for (key, value) in members {
            if values[key] == nil { values[key] = value } else { twins.append((key, value)) }
        }
        return .object(JSONObject(values, twins: twins))
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
