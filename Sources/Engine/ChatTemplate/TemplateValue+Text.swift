extension TemplateValue {
    /// As `{{ }}` prints it: what Python's `str` gives.
    var text: String {
        switch self {
        case .undefined: ""
        case .string(let text): text
        default: representation
        }
    }

    /// What Python's `repr` gives.
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

    /// As Python's `json.dumps` writes it, characters beyond ASCII as they are; nil where a part of it is no JSON.
    ///
    /// - Parameter indentation: spaces a level; without it everything stands on one line.
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
