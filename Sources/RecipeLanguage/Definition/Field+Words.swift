import Diagnostics
import SpannedYAML
import Words

extension Field where Value == String {
    static func text(_ name: String, default standard: String? = nil, required: Bool = false, _ documentation: String) -> Field
    {
        Field(name, .text, standard: standard ?? "", spelled: standard, required: required, documentation) { node, place in
            guard let text = node.scalar?.text else {
                place.report(.wrongType(place.field, wants: "a single value", found: node))
                return nil
            }
            return text
        }
    }
}

extension Field where Value == Bool {
    static func flag(_ name: String, _ standard: Bool, _ documentation: String) -> Field {
        Field(name, .flag, standard: standard, spelled: "\(standard)", documentation) { node, place in
            let spellings = ["true": true, "yes": true, "on": true, "false": false, "no": false, "off": false]
            guard let value = node.scalar.flatMap({ spellings[$0.text.lowercased()] }) else {
                place.report(.wrongType(place.field, wants: "true or false", found: node))
                return nil
            }
            return value
        }
    }
}

extension Field where Value: Word {
    static func choice(_ name: String, _ standard: Value, spelled: String? = nil, _ documentation: String) -> Field {
        Field(
            name, .choice(Value.allCases.map(\.spelling)), standard: standard, spelled: spelled ?? standard.spelling,
            documentation
        ) { node, place in word(node, place) }
    }
}

extension Field {
    /// Cases of an enumeration, each once; a single one needs no brackets.
    static func choices<Choice: Word>(_ name: String, _ standard: [Choice], spelled: String? = nil, _ documentation: String)
        -> Field
    where Value == [Spanned<Choice>] {
        Field(
            name, .list(.choice(Choice.allCases.map(\.spelling))), standard: [],
            spelled: spelled ?? "[\(standard.map(\.spelling).joined(separator: ", "))]", documentation
        ) { node, place in
            distinct(node, place) { element in word(element, place) as Choice? }
        }
    }

    /// Words of the writer's own, each once; a single one needs no brackets.
    static func words(
        _ name: String, of type: ValueType = .text, default standard: [String] = [], spelled: String? = nil,
        required: Bool = false, _ documentation: String
    ) -> Field
    where Value == [Spanned<String>] {
        Field(
            name, .list(type), standard: [],
            spelled: spelled ?? (standard.isEmpty ? nil : "[\(standard.joined(separator: ", "))]"), required: required,
            documentation
        ) { node, place in
            distinct(node, place) { element in
                if let text = element.scalar?.text, !element.isNull { return text }
                place.report(.wrongType(place.field, wants: "a list of words", found: element))
                return nil
            }
        }
    }
}

func word<Choice: Word>(
    _ node: Node, _ place: FieldPlace, among known: [String] = Choice.allCases.map(\.spelling)
) -> Choice? {
    guard let text = node.scalar?.text else {
        place.report(.wrongType(place.field, wants: "one of \(known.joined(separator: ", "))", found: node))
        return nil
    }
    if let choice = Choice(spelling: text) { return choice }
    place.report(.unknownValue(text, of: place.field, among: known, at: node.span))
    return nil
}

private func distinct<Element: Hashable>(_ node: Node, _ place: FieldPlace, read: (Node) -> Element?) -> [Spanned<Element>] {
    var found: [Spanned<Element>] = []
    var places: [Element: SourceSpan] = [:]
    for element in node.sequence ?? [node] {
        guard let value = read(element) else { continue }
        if let first = places.updateValue(element.span, forKey: value) {
            place.report(.repeated("\(element.scalar?.text ?? "")", in: place.field, at: element.span, first: first))
        } else {
            found.append(Spanned(value, at: element.span, field: place.field))
        }
    }
    return found
}
