extension TemplateValue {
    /// The text that `{{ }}` prints, as Python's `str` gives it.
    func text(_ budget: inout TemplateBudget) throws(TemplateError) -> String {
        switch self {
        case .undefined: return ""
        case .string(let text): return try text.read(&budget)
        default:
            var writer = TemplateWriter()
            try writeRepresentation(to: &writer, &budget)
            return writer.prompt
        }
    }

    /// Writes the text of Python's `repr`.
    private func writeRepresentation(
        to writer: inout TemplateWriter, _ budget: inout TemplateBudget
    ) throws(TemplateError) {
        switch self {
        case .undefined: try writer.append("Undefined", &budget)
        case .none: try writer.append("None", &budget)
        case .bool(let value): try writer.append(value ? "True" : "False", &budget)
        case .integer(let value): try writer.append(String(value), &budget)
        case .longInteger(let digits): try writer.append(digits, &budget)
        case .real(let value): try writer.append(value.description, &budget)
        case .string(let text): try writer.append(Self.representation(of: try text.scan(&budget)), &budget)
        case .list(let list):
            try writer.append("[", &budget)
            for (index, element) in try list.elements(&budget).enumerated() {
                if index > 0 { try writer.append(", ", &budget) }
                try element.writeRepresentation(to: &writer, &budget)
            }
            try writer.append("]", &budget)
        case .mapping(let mapping):
            try writer.append("{", &budget)
            for (index, member) in try mapping.members(&budget).enumerated() {
                if index > 0 { try writer.append(", ", &budget) }
                try TemplateValue(text: member.key).writeRepresentation(to: &writer, &budget)
                try writer.append(": ", &budget)
                try member.value.writeRepresentation(to: &writer, &budget)
            }
            try writer.append("}", &budget)
        case .function: try writer.append("<function>", &budget)
        }
    }

    private static func representation(of text: String) -> String {
        let isDouble = text.utf8.contains(UInt8(ascii: "'")) && !text.utf8.contains(UInt8(ascii: "\""))
        let quote = UInt8(ascii: isDouble ? "\"" : "'")
        var bytes = [quote]
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\n"): bytes += "\\n".utf8
            case UInt8(ascii: "\t"): bytes += "\\t".utf8
            case UInt8(ascii: "\r"): bytes += "\\r".utf8
            case UInt8(ascii: "\\"): bytes += "\\\\".utf8
            case UInt8(ascii: "'") where !isDouble: bytes += "\\'".utf8
            default: bytes.append(byte)
            }
        }
        bytes.append(quote)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Writes the text of Python's `json.dumps` without escapes beyond ASCII.
    ///
    /// - Parameters:
    ///   - indentation: spaces for each level; nil writes one line.
    ///   - depth: the level of this value.
    /// - Returns: whether every part of the value is JSON.
    func writeJSON(
        indentation: Int?, depth: Int = 0, to writer: inout TemplateWriter, _ budget: inout TemplateBudget
    ) throws(TemplateError) -> Bool {
        switch self {
        case .undefined, .function: return false
        case .none: try writer.append("null", &budget)
        case .bool(let value): try writer.append(value ? "true" : "false", &budget)
        case .real(let value) where value.isInfinite: try writer.append(value < 0 ? "-Infinity" : "Infinity", &budget)
        case .integer, .longInteger, .real: try writeRepresentation(to: &writer, &budget)
        case .string(let text): try writer.append(Self.quoted(try text.scan(&budget)), &budget)
        case .list(let list):
            try writer.append("[", &budget)
            for (index, element) in try list.elements(&budget).enumerated() {
                try Self.separate(index, indentation, depth, &writer, &budget)
                guard try element.writeJSON(indentation: indentation, depth: depth + 1, to: &writer, &budget) else {
                    return false
                }
            }
            try Self.end(list.count, indentation, depth, &writer, &budget)
            try writer.append("]", &budget)
        case .mapping(let mapping):
            try writer.append("{", &budget)
            for (index, member) in try mapping.members(&budget).enumerated() {
                try Self.separate(index, indentation, depth, &writer, &budget)
                try budget.scan(bytes: member.key.utf8.count)
                try writer.append(Self.quoted(member.key) + ": ", &budget)
                guard try member.value.writeJSON(indentation: indentation, depth: depth + 1, to: &writer, &budget) else {
                    return false
                }
            }
            try Self.end(mapping.count, indentation, depth, &writer, &budget)
            try writer.append("}", &budget)
        }
        return true
    }

    private static func separate(
        _ index: Int, _ indentation: Int?, _ depth: Int, _ writer: inout TemplateWriter, _ budget: inout TemplateBudget
    ) throws(TemplateError) {
        if index > 0 { try writer.append(indentation == nil ? ", " : ",", &budget) }
        if let indentation { try startLine(indentation, depth + 1, &writer, &budget) }
    }

    private static func end(
        _ count: Int, _ indentation: Int?, _ depth: Int, _ writer: inout TemplateWriter, _ budget: inout TemplateBudget
    ) throws(TemplateError) {
        if let indentation, count > 0 { try startLine(indentation, depth, &writer, &budget) }
    }

    private static func startLine(
        _ indentation: Int, _ depth: Int, _ writer: inout TemplateWriter, _ budget: inout TemplateBudget
    ) throws(TemplateError) {
        try writer.append("\n", &budget)
        let (width, overflows) = indentation.multipliedReportingOverflow(by: depth)
        try writer.append(" ", times: overflows && indentation > 0 ? .max : width, &budget)
    }

    private static func quoted(_ text: String) -> String {
        var bytes = [UInt8(ascii: "\"")]
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
        bytes.append(UInt8(ascii: "\""))
        return String(decoding: bytes, as: UTF8.self)
    }
}
