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
            guard list.kind != .range else { throw budget.failure("a range is printed, and not its numbers") }
            let (opening, closing) = Self.brackets(list)
            try writer.append(opening, &budget)
            for (index, element) in try list.elements(&budget).enumerated() {
                if index > 0 { try writer.append(", ", &budget) }
                try element.writeRepresentation(to: &writer, &budget)
            }
            try writer.append(closing, &budget)
        case .mapping(let mapping):
            try writer.append("{", &budget)
            for (index, member) in try mapping.members(&budget).enumerated() {
                if index > 0 { try writer.append(", ", &budget) }
                try member.key.writeRepresentation(to: &writer, &budget)
                try writer.append(": ", &budget)
                try member.value.writeRepresentation(to: &writer, &budget)
            }
            try writer.append("}", &budget)
        case .function, .iterator, .namespace, .loop:
            throw budget.failure("\(kind) is printed, which has no text of its own")
        }
    }

    private static func brackets(_ list: TemplateList) -> (String, String) {
        switch list.kind {
        case .list, .range: ("[", "]")
        case .tuple, .group: ("(", list.count == 1 ? ",)" : ")")
        case .view(let name): (name + "([", "])")
        }
    }

    /// The text of Python's `repr` of a string.
    static func representation(of text: String) -> String {
        let isDouble = text.utf8.contains(UInt8(ascii: "'")) && !text.utf8.contains(UInt8(ascii: "\""))
        let quote: Unicode.Scalar = isDouble ? "\"" : "'"
        var result = String.UnicodeScalarView()
        result.append(quote)
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n": result.append(contentsOf: "\\n".unicodeScalars)
            case "\t": result.append(contentsOf: "\\t".unicodeScalars)
            case "\r": result.append(contentsOf: "\\r".unicodeScalars)
            case "\\": result.append(contentsOf: "\\\\".unicodeScalars)
            case quote: result.append(contentsOf: "\\\(quote)".unicodeScalars)
            default:
                if scalar.isPrintable {
                    result.append(scalar)
                } else {
                    let (letter, width) = scalar.value < 0x100 ? ("x", 2) : scalar.value < 0x10000 ? ("u", 4) : ("U", 8)
                    let digits = String(scalar.value, radix: 16)
                    let zeros = String(repeating: "0", count: width - digits.count)
                    result.append(contentsOf: "\\\(letter)\(zeros)\(digits)".unicodeScalars)
                }
            }
        }
        result.append(quote)
        return String(result)
    }
}
