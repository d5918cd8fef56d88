import Diagnostics
import SpannedYAML
import Words

extension Field where Value == String {
    package static func text(
        _ name: String, default standard: String? = nil, required: Bool = false, _ documentation: String
    ) -> Field {
        Field(
            name, .text, standard: standard, nothing: "", required: required, documentation, spell: { $0.isEmpty ? nil : $0 }
        ) { node, place in
            guard let text = node.scalar?.text else {
                place.report(.wrongType(place.field, wants: "a single value", found: node))
                return nil
            }
            return text
        }
    }

    /// An element of a list of words of the writer's own.
    package static func word(_ name: String, of type: ValueType = .text, _ documentation: String) -> Field {
        Field(name, type, standard: nil, nothing: "", documentation, spell: { $0 }) { node, place in
            if let text = node.scalar?.text, !node.isNull { return text }
            place.report(.wrongType(place.field, wants: "a list of words", found: node))
            return nil
        }
    }
}

extension Field where Value == Bool {
    package static func flag(_ name: String, _ standard: Bool, _ documentation: String) -> Field {
        flag(name, documentation).defaulting(to: standard)
    }

    package static func flag(_ name: String, _ documentation: String) -> Field {
        Field(name, .flag, standard: nil, nothing: false, documentation, spell: { "\($0)" }) { node, place in
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
    package static func choice(
        _ name: String, _ standard: Value, spelled: String? = nil, _ documentation: String
    ) -> Field {
        choice(name, spelled: spelled, documentation).defaulting(to: standard)
    }

    package static func choice(_ name: String, spelled: String? = nil, _ documentation: String) -> Field {
        Field(
            name, .choice(Value.allCases.map(\.spelling)), standard: nil, nothing: Value.allCases[Value.allCases.startIndex],
            spelled: spelled, documentation, spell: \.spelling
        ) { node, place in readWord(node, place) }
    }
}

extension Field {
    /// Cases of an enumeration, each once; a single one needs no brackets.
    package static func choices<Choice: Word>(
        _ name: String, _ standard: [Choice], spelled: String? = nil, _ documentation: String
    ) -> Field where Value == [Spanned<Choice>] {
        list(of: .choice(name, documentation), standard: standard, spelled: spelled, isSet: true)
    }

    /// Words of the writer's own, each once; a single one needs no brackets.
    package static func words(
        _ name: String, of type: ValueType = .text, default standard: [String]? = nil, spelled: String? = nil,
        required: Bool = false, _ documentation: String
    ) -> Field where Value == [Spanned<String>] {
        list(of: .word(name, of: type, documentation), standard: standard, spelled: spelled, required: required, isSet: true)
    }
}

/// The word that a scalar holds; one that is not known is reported.
package func readWord<Choice: Word>(
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
