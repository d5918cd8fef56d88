import CanonicalJSON
import Engine

extension FunctionDefinition {
    /// The function with the first sentence of its description, and parameters without descriptions.
    var brief: FunctionDefinition {
        FunctionDefinition(name: name, summary: summary.firstSentence, parameters: Self.withoutWords(parameters))
    }

    /// A schema without what only people read. Names of properties are no words of the schema.
    private static func withoutWords(_ schema: JSON) -> JSON {
        guard let members = schema.object else { return schema }
        var kept: [String: JSON] = [:]
        for (key, value) in members where !["description", "title", "examples", "$comment"].contains(key) {
            switch key {
            case "properties": kept[key] = value.object.map { .object($0.mapValues(withoutWords)) } ?? value
            case "items", "additionalProperties": kept[key] = withoutWords(value)
            default: kept[key] = value
            }
        }
        return .object(kept)
    }
}

extension String {
    /// Up to the first full stop, question or exclamation mark before white space, or the first line's end.
    fileprivate var firstSentence: String {
        var index = startIndex
        while index < endIndex {
            let next = self.index(after: index)
            if self[index].isNewline { return String(self[..<index]) }
            if ".?!".contains(self[index]), next == endIndex || self[next].isWhitespace { return String(self[..<next]) }
            index = next
        }
        return self
    }
}
