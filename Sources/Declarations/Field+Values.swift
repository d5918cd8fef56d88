import SpannedYAML
import Words

extension Field where Value == Int {
    package static func integer(
        _ name: String, _ standard: Int? = nil, in range: ClosedRange<Int>, spelled: String? = nil, _ documentation: String
    ) -> Field {
        number(name, .integer(range), standard, in: range, spelled, documentation, Quantity.integer, "a whole number") {
            "\($0)"
        }
    }

    package static func bytes(
        _ name: String, _ standard: Int? = nil, in range: ClosedRange<Int>, _ documentation: String
    ) -> Field {
        number(
            name, .bytes(range), standard, in: range, nil, documentation, Quantity.bytes, "a size such as 512 MiB",
            Quantity.bytesText)
    }

    package static func seed(_ standard: Int, _ documentation: String) -> Field {
        seed(documentation).defaulting(to: standard)
    }

    package static func seed(_ documentation: String) -> Field { integer("seed", in: 0...Int.max, documentation) }
}

extension Field where Value == Double {
    package static func number(
        _ name: String, _ standard: Double? = nil, in range: ClosedRange<Double>, spelled: String? = nil,
        _ documentation: String
    ) -> Field {
        number(name, .number(range), standard, in: range, spelled, documentation, Quantity.number, "a number", Quantity.text)
    }

    /// A part of a whole: `20%` or `0.2`.
    package static func share(
        _ name: String, _ standard: Double? = nil, in range: ClosedRange<Double>, _ documentation: String
    ) -> Field {
        number(
            name, .share(range), standard, in: range, nil, documentation, Quantity.number, "a share such as 20% or 0.2",
            \.percentage)
    }

    /// Seconds.
    package static func duration(
        _ name: String, _ standard: Double? = nil, in range: ClosedRange<Double>, _ documentation: String
    ) -> Field {
        number(
            name, .duration(range), standard, in: range, nil, documentation, Quantity.duration,
            "a duration such as 30 s, 10 min or 2 h", Quantity.durationText)
    }
}

extension Field where Value: Comparable {
    /// A number in one of its spellings, within its range.
    fileprivate static func number(
        _ name: String, _ type: ValueType, _ standard: Value?, in range: ClosedRange<Value>, _ spelled: String?,
        _ documentation: String, _ parse: @escaping @Sendable (String) -> Value?, _ wants: String,
        _ text: @escaping @Sendable (Value) -> String
    ) -> Field {
        Field(
            name, type, standard: standard, nothing: range.lowerBound, spelled: spelled, documentation, spell: { text($0) }
        ) { node, place in
            guard let written = node.scalar?.text, let value = parse(written) else {
                place.report(.wrongType(place.field, wants: wants, found: node))
                return nil
            }
            guard range.contains(value) else {
                let nearest = min(max(value, range.lowerBound), range.upperBound)
                place.report(
                    .outOfRange(place.field, allowed: ValueType.describe(range, text), nearest: text(nearest), at: node.span))
                return nil
            }
            return value
        }
    }
}

extension Double {
    /// `20%`, `12.5%`: a share as people write it, to a thousandth of a per cent.
    package var percentage: String { Quantity.text((self * 100_000).rounded() / 1000) + "%" }
}

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
