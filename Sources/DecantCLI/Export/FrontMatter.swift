import CanonicalJSON

/// YAML for the head of a model card: mappings and lists line by line, texts always in quotes.
enum FrontMatter {
    /// Fields in the order given, those without a value left out.
    static func text(_ fields: [(String, JSON?)]) -> String {
        let lines = fields.flatMap { name, value in value.map { field(name, $0, indentation: "") } ?? [] }
        return (["---"] + lines + ["---"]).joined(separator: "\n") + "\n"
    }

    private static func field(_ name: String, _ value: JSON, indentation: String) -> [String] {
        let nested = lines(of: value, indentation: indentation + "  ")
        return nested.map { ["\(indentation)\(name):"] + $0 } ?? ["\(indentation)\(name): \(value.canonicalText)"]
    }

    /// `nil` for what stands on one line.
    private static func lines(of value: JSON, indentation: String) -> [String]? {
        switch value {
        case .object(let members) where !members.isEmpty:
            return value.sortedMembers.flatMap { field($0.key, $0.value, indentation: indentation) }
        case .array(let elements) where !elements.isEmpty:
            return elements.flatMap { element in
                guard var lines = lines(of: element, indentation: indentation + "  ") else {
                    return ["\(indentation)- \(element.canonicalText)"]
                }
                // The first line stands beside the dash.
                lines[0] = "\(indentation)- \(lines[0].dropFirst(indentation.count + 2))"
                return lines
            }
        default: return nil
        }
    }
}
