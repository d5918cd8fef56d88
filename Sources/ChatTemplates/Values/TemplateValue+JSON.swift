/// How `tojson` writes values: the arguments of Python's `json.dumps`.
struct TemplateJSONStyle: Sendable {
    /// What stands before a line, for each level; nil writes one line.
    var indentation: String?
    var separators = (item: ", ", key: ": ")
    var escapesBeyondASCII = false
    var sortsKeys = false
}

extension TemplateValue {
    /// Writes the text of Python's `json.dumps`.
    ///
    /// - Parameter depth: the level of this value.
    func writeJSON(
        _ style: TemplateJSONStyle, depth: Int = 0, to writer: inout TemplateWriter, _ budget: inout TemplateBudget
    ) throws(TemplateError) {
        switch self {
        case .none: try writer.append("null", &budget)
        case .bool(let value): try writer.append(value ? "true" : "false", &budget)
        case .real(let value) where value.isInfinite: try writer.append(value < 0 ? "-Infinity" : "Infinity", &budget)
        case .real(let value) where value.isNaN: try writer.append("NaN", &budget)
        case .integer, .longInteger, .real: try writer.append(try text(&budget), &budget)
        case .string(let text): try writer.append(Self.quoted(try text.scan(&budget), style), &budget)
        case .list(let list):
            guard list.kind == .list || list.kind == .tuple || list.kind == .group else { fallthrough }
            try writer.append("[", &budget)
            for (index, element) in try list.elements(&budget).enumerated() {
                try Self.separate(index, style, depth, &writer, &budget)
                try element.writeJSON(style, depth: depth + 1, to: &writer, &budget)
            }
            try Self.end(list.count, style, depth, &writer, &budget)
            try writer.append("]", &budget)
        case .undefined, .function, .iterator, .namespace, .loop: throw budget.failure("tojson cannot write \(kind)")
        case .mapping(let mapping):
            try writer.append("{", &budget)
            for (index, member) in try Self.members(of: mapping, style, &budget).enumerated() {
                try Self.separate(index, style, depth, &writer, &budget)
                try budget.scan(bytes: member.key.utf8.count)
                try writer.append(Self.quoted(member.key, style) + style.separators.key, &budget)
                try member.value.writeJSON(style, depth: depth + 1, to: &writer, &budget)
            }
            try Self.end(mapping.count, style, depth, &writer, &budget)
            try writer.append("}", &budget)
        }
    }

    /// Keys that are no strings are written as JSON writes them.
    private static func members(
        of mapping: TemplateMapping, _ style: TemplateJSONStyle, _ budget: inout TemplateBudget
    ) throws(TemplateError) -> [(key: String, value: TemplateValue)] {
        var members: [(key: String, value: TemplateValue)] = []
        for (key, value) in try mapping.members(&budget) {
            switch key {
            case .string(let text): members.append((try text.read(&budget), value))
            case .none: members.append(("null", value))
            case .bool(let bool): members.append((bool ? "true" : "false", value))
            case .integer, .longInteger, .real: members.append((try key.text(&budget), value))
            default: throw budget.failure("tojson cannot write a key that is \(key.kind)")
            }
        }
        guard style.sortsKeys else { return members }
        try budget.spend(20 * members.count)
        return members.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
    }

    private static func separate(
        _ index: Int, _ style: TemplateJSONStyle, _ depth: Int, _ writer: inout TemplateWriter, _ budget: inout TemplateBudget
    ) throws(TemplateError) {
        if index > 0 { try writer.append(style.separators.item, &budget) }
        if let indentation = style.indentation { try startLine(indentation, depth + 1, &writer, &budget) }
    }

    private static func end(
        _ count: Int, _ style: TemplateJSONStyle, _ depth: Int, _ writer: inout TemplateWriter, _ budget: inout TemplateBudget
    ) throws(TemplateError) {
        if let indentation = style.indentation, count > 0 { try startLine(indentation, depth, &writer, &budget) }
    }

    private static func startLine(
        _ indentation: String, _ depth: Int, _ writer: inout TemplateWriter, _ budget: inout TemplateBudget
    ) throws(TemplateError) {
        try writer.append("\n", &budget)
        try writer.append(indentation, times: depth, &budget)
    }

    private static func quoted(_ text: String, _ style: TemplateJSONStyle) -> String {
        var bytes = [UInt8(ascii: "\"")]
        func escape(_ unit: UInt16) {
            let digits = String(unit, radix: 16)
            bytes += "\\u".utf8
            bytes += String(repeating: "0", count: 4 - digits.count).utf8
            bytes += digits.utf8
        }
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x22, 0x5C: bytes += [UInt8(ascii: "\\"), UInt8(scalar.value)]
            case 0x08: bytes += "\\b".utf8
            case 0x09: bytes += "\\t".utf8
            case 0x0A: bytes += "\\n".utf8
            case 0x0C: bytes += "\\f".utf8
            case 0x0D: bytes += "\\r".utf8
            case 0..<0x20: escape(UInt16(scalar.value))
            case 0x80... where style.escapesBeyondASCII: UTF16.encode(scalar)?.forEach(escape)
            default: bytes += UTF8.encode(scalar).map(Array.init) ?? []
            }
        }
        bytes.append(UInt8(ascii: "\""))
        return String(decoding: bytes, as: UTF8.self)
    }
}
