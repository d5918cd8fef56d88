import CanonicalJSON
import Words

/// A function as one line of a prompt, for models whose chat template shows no functions:
///
///     names      set_light(level, room)
///     types      set_light(level:integer, room:string)
///     values     set_light(level?:integer, room:hall|kitchen)
///     described  set_light(level?:integer, room:hall|kitchen) - Switches a lamp on; level: How bright, in percent
///
/// A `?` marks what a call may leave out. Parameters are in the order of their names, as responses have them.
package struct FunctionSignature: Hashable, Sendable {
    package let text: String

    package init(_ function: FunctionDefinition, as form: SignatureForm) {
        let required = Set(function.required)
        let parameters = function.properties.map { name, schema in
            switch form {
            case .names: name
            case .types: "\(name):\(schema["type"]?.string ?? "any")"
            case .values, .described: Self.member(name, schema, isRequired: required.contains(name))
            }
        }
        let call = "\(function.name)(\(parameters.joined(separator: ", ")))"
        let words = form == .described ? Self.descriptions(of: function) : []
        text = words.isEmpty ? call : call + " - " + words.joined(separator: "; ")
    }

    /// The first sentence about the function, then those about parameters that say more than their names do.
    private static func descriptions(of function: FunctionDefinition) -> [String] {
        let parameters = function.properties.compactMap { name, schema -> String? in
            let sentence = sentence(schema["description"]?.string ?? "")
            let isTelling = !words(sentence).subtracting(articles).isSubset(of: words(name))
            return isTelling ? "\(name): \(sentence)" : nil
        }
        let summary = sentence(function.summary)
        return (summary.isEmpty ? [] : [summary]) + parameters
    }

    /// The first sentence without its full stop.
    private static func sentence(_ text: String) -> String {
        let sentence = text.firstSentence
        return sentence.hasSuffix(".") ? String(sentence.dropLast()) : sentence
    }

    private static let articles: Set<String> = ["a", "an", "of", "the"]

    private static func words(_ text: String) -> Set<String> {
        Set(text.lowercased().split { !$0.isLetter && !$0.isNumber }.map(String.init))
    }
}

/// Types of JSON Schemas in few characters.
extension FunctionSignature {
    /// Levels of objects whose members are shown.
    private static let shownDepth = 3

    private static func member(
        _ name: String, _ schema: JSON, isRequired: Bool, depth: Int = FunctionSignature.shownDepth
    ) -> String {
        "\(name)\(isRequired ? "" : "?"):\(typeText(of: schema, depth))"
    }

    /// `integer`, `hall|kitchen`, `string[]`, `{city:string, zip?:string}`, `string|null`.
    private static func typeText(of schema: JSON, _ depth: Int) -> String {
        if let values = schema["enum"]?.array, !values.isEmpty { return values.map(value).joined(separator: "|") }
        if let value = schema["const"] { return self.value(value) }
        if let schemas = schema["anyOf"]?.array ?? schema["oneOf"]?.array, !schemas.isEmpty {
            return schemas.map { typeText(of: $0, depth) }.joined(separator: "|")
        }
        if let types = schema["type"]?.array, !types.isEmpty {
            return types.map { typeText(of: schema, named: $0.string, depth) }.joined(separator: "|")
        }
        return typeText(of: schema, named: schema["type"]?.string, depth)
    }

    private static func typeText(of schema: JSON, named name: String?, _ depth: Int) -> String {
        switch name {
        case "array", "tuple":
            guard let items = schema["items"] else { return "array" }
            let element = typeText(of: items, depth)
            return (element.contains("|") ? "(\(element))" : element) + "[]"
        case "object", "dict":
            guard let properties = schema["properties"], depth > 0, properties != [:] else { return "object" }
            let required = Set((schema["required"]?.array ?? []).compactMap(\.string))
            let members = properties.sortedMembers.map {
                member($0.key, $0.value, isRequired: required.contains($0.key), depth: depth - 1)
            }
            return "{\(members.joined(separator: ", "))}"
        default: return name ?? "any"
        }
    }

    /// A known value: bare where it reads as a word or several, else as JSON.
    private static func value(_ value: JSON) -> String {
        guard let text = value.string, !text.isEmpty, text.first != " ", text.last != " ",
            text.allSatisfy({ $0.isLetter || $0.isNumber || " _-.:/°%".contains($0) })
        else { return value.canonicalText }
        return text
    }
}

extension String {
    /// Up to the first full stop, question or exclamation mark before white space, or the first line's end.
    package var firstSentence: String {
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
