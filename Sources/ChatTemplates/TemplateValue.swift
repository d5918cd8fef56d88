import CanonicalJSON

/// A value of a chat template. Strings are equal by their characters' code points, as they are in Python.
package indirect enum TemplateValue: Sendable {
    /// A name, member or item that does not exist; the text names it.
    case undefined(String)
    case none
    case bool(Bool)
    case integer(Int)
    case real(Double)
    case string(String)
    case list([TemplateValue])
    case mapping(TemplateMapping)
    case function(TemplateFunction)

    /// A JSON value; members are sorted by key.
    package init(_ json: JSON) {
        switch json {
        case .null: self = .none
        case .bool(let value): self = .bool(value)
        case .integer(let value): self = .integer(Int(value))
        case .real(let value): self = .real(value)
        case .string(let value): self = .string(value)
        case .array(let elements): self = .list(elements.map { TemplateValue($0) })
        case .object: self = .mapping(TemplateMapping(json.sortedMembers.map { ($0.key, TemplateValue($0.value)) }))
        }
    }

    var isTrue: Bool {
        switch self {
        case .undefined, .none: false
        case .bool(let value): value
        case .integer(let value): value != 0
        case .real(let value): value != 0
        case .string(let text): !text.isEmpty
        case .list(let elements): !elements.isEmpty
        case .mapping(let mapping): mapping.isNamespace || !mapping.members.isEmpty
        case .function: true
        }
    }

    /// A description of the kind of value, for messages.
    var kind: String {
        switch self {
        case .undefined(let name): "'\(name)', which is not defined"
        case .none: "none"
        case .bool: "a boolean"
        case .integer, .real: "a number"
        case .string: "a string"
        case .list: "a list"
        case .mapping: "a mapping"
        case .function: "a function"
        }
    }

    var number: Double? {
        switch self {
        case .bool(let value): value ? 1 : 0
        case .integer(let value): Double(value)
        case .real(let value): value
        default: nil
        }
    }

    var integer: Int? {
        switch self {
        case .bool(let value): value ? 1 : 0
        case .integer(let value): value
        default: nil
        }
    }

    func equals(_ other: TemplateValue) -> Bool {
        switch (self, other) {
        case (.undefined, .undefined), (.none, .none): return true
        case (.string(let a), .string(let b)): return a.utf8.elementsEqual(b.utf8)
        case (.list(let a), .list(let b)): return a.elementsEqual(b) { $0.equals($1) }
        case (.mapping(let a), .mapping(let b)):
            return a.members.count == b.members.count && a.members.allSatisfy { key, value in b[key]?.equals(value) ?? false }
        default:
            guard let a = number, let b = other.number else { return false }
            return a == b
        }
    }
}

/// A mapping that keeps the order of its members.
package struct TemplateMapping: Sendable {
    package private(set) var members: [(key: String, value: TemplateValue)]
    /// Whether `set` may change its members.
    var isNamespace = false

    package init(_ members: [(String, TemplateValue)]) { self.members = members.map { (key: $0.0, value: $0.1) } }

    subscript(key: String) -> TemplateValue? {
        get { members.first { $0.key.utf8.elementsEqual(key.utf8) }?.value }
        set {
            let index = members.firstIndex { $0.key.utf8.elementsEqual(key.utf8) }
            if let index, let newValue {
                members[index].value = newValue
            } else if let newValue {
                members.append((key, newValue))
            }
        }
    }
}

/// A value that can be called.
package enum TemplateFunction: Sendable {
    case raiseException
    case range
    case namespace
    case dictionary
    /// A macro by name.
    case macro(String)
    case method(String, of: TemplateValue)
}

extension TemplateValue {
    /// The text that `{{ }}` prints, as Python's `str` gives it.
    var text: String {
        switch self {
        case .undefined: ""
        case .string(let text): text
        default: representation
        }
    }

    /// The text of Python's `repr`.
    private var representation: String {
        switch self {
        case .undefined: return "Undefined"
        case .none: return "None"
        case .bool(let value): return value ? "True" : "False"
        case .integer(let value): return String(value)
        case .real(let value): return value.description
        case .string(let text):
            let quote = text.contains("'") && !text.contains("\"") ? "\"" : "'"
            var escaped = text.replacing("\\", with: "\\\\").replacing("\n", with: "\\n").replacing("\t", with: "\\t")
            escaped = escaped.replacing("\r", with: "\\r")
            return quote + (quote == "'" ? escaped.replacing("'", with: "\\'") : escaped) + quote
        case .list(let elements): return "[" + elements.map(\.representation).joined(separator: ", ") + "]"
        case .mapping(let mapping):
            let members = mapping.members.map { TemplateValue.string($0.key).representation + ": " + $0.value.representation }
            return "{" + members.joined(separator: ", ") + "}"
        case .function: return "<function>"
        }
    }

    /// The text of Python's `json.dumps` without escapes beyond ASCII; nil where a part of the value is no JSON.
    ///
    /// - Parameter indentation: spaces for each level; nil writes one line.
    func json(indentation: Int?, depth: Int = 0) -> String? {
        switch self {
        case .undefined, .function: return nil
        case .none: return "null"
        case .bool(let value): return value ? "true" : "false"
        case .integer, .real: return text
        case .string(let text): return Self.quoted(text)
        case .list(let elements):
            let parts = elements.compactMap { $0.json(indentation: indentation, depth: depth + 1) }
            return parts.count == elements.count ? Self.enclosed(parts, in: ("[", "]"), indentation, depth) : nil
        case .mapping(let mapping):
            let parts = mapping.members.compactMap { key, value in
                value.json(indentation: indentation, depth: depth + 1).map { Self.quoted(key) + ": " + $0 }
            }
            return parts.count == mapping.members.count ? Self.enclosed(parts, in: ("{", "}"), indentation, depth) : nil
        }
    }

    private static func enclosed(_ parts: [String], in ends: (String, String), _ indentation: Int?, _ depth: Int) -> String {
        guard let indentation, !parts.isEmpty else { return ends.0 + parts.joined(separator: ", ") + ends.1 }
        func line(_ depth: Int) -> String { "\n" + String(repeating: " ", count: indentation * depth) }
        return ends.0 + line(depth + 1) + parts.joined(separator: "," + line(depth + 1)) + line(depth) + ends.1
    }

    private static func quoted(_ text: String) -> String {
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
            case 0x08: bytes += "\\b".utf8
            case 0x09: bytes += "\\t".utf8
            case 0x0A: bytes += "\\n".utf8
            case 0x0C: bytes += "\\f".utf8
            case 0x0D: bytes += "\\r".utf8
            case 0..<0x20: bytes += "\\u00\(byte < 0x10 ? "0" : "")\(String(byte, radix: 16))".utf8
            default: bytes.append(byte)
            }
        }
        return "\"" + String(decoding: bytes, as: UTF8.self) + "\""
    }
}
