import Declarations
import Diagnostics
import SpannedYAML
import Words

/// What a model is calibrated on: a set of rows or a text, and how much of it.
package struct CalibrationData: Sendable {
    /// What the recipe says that the name is of.
    private enum Form {
        /// Nothing: a set if there is one of this name, else a text.
        case open
        case set
        case text
    }

    /// What the name stands for.
    package enum Origin: Hashable, Sendable {
        case set
        /// A source, or a stage of the recipe's own.
        case text
        case unknown
    }

    package let name: Spanned<String>
    /// How many sequences are taken, and how long they are; `nil` where the recipe says nothing.
    package let tokens: Spanned<SequenceCount>?
    private let form: Form
    /// Whether a source or a stage has the name.
    private let isReference: Bool

    enum Definition {
        static let set = Field.text("set", "A set of rows: a standard one, or one of `data.ingest.sets`.")
        static let text = Field.text(
            "text", "The source of a text: plain, or records with `text`. It is read from its beginning.")
        static let tokens = Field<SequenceCount>.sequences(
            "tokens",
            "How many sequences, and of how many tokens: `1024 × 2048`. A text is divided into them; rows are cut to the length."
        )
        static let mapping = MappingDefinition(
            "calibration", "What a model is calibrated on, in the long form: `set` or `text`, and how much of it.",
            [set, text, tokens])

        /// - Parameter standard: the set where the field is left out.
        static func field(_ name: String, standard: String?, _ documentation: String) -> RawField {
            RawField(
                name, .either([.choice(RowSet.allCases.map(\.rawValue)), .text, .mapping(mapping)]), standard: standard,
                documentation)
        }
    }

    init(reading field: RawField, in fields: Fields, references: References) {
        let standard = fields.standard(field.name, RowSet.train.rawValue)
        guard let node = fields.node(field.name) else {
            (name, tokens, form, isReference) = (standard, nil, .open, false)
            return
        }
        let path = fields.fullName(of: field.name)
        if let entries = node.mapping {
            let inner = Fields(
                Definition.mapping, path: path, anchor: fields.entry(field.name)?.key.span ?? node.span, entries: entries,
                findings: fields.findings)
            let (set, text) = (inner.written(Definition.set), inner.reference(Definition.text, among: references))
            if let set, let text {
                inner.report(
                    .conflict, "\(inner.owner) names a set and a text", at: text.span, secondary: [.init(set.span)],
                    help: "keep one of the two")
            }
            name = set ?? text ?? standard
            tokens = inner.written(Definition.tokens)
            form = text == nil ? .set : .text
            isReference = text != nil
            return
        }
        if node.scalar == nil {
            fields.report(
                .wrongType(path, wants: "a set, the source of a text, or {text: SOURCE, tokens: 1024 × 2048}", found: node))
        }
        name = node.scalar.map { Spanned($0.text, at: node.span, field: path) } ?? standard
        (tokens, form, isReference) = (nil, .open, references.names.contains(name.value))
    }

    /// What the name stands for, given the sets that the data have.
    package func origin(in data: DataSection) -> Origin {
        let isSet = RowSet(rawValue: name.value) != nil || data.namedSets.contains { $0.name.value == name.value }
        switch form {
        case .set: return isSet ? .set : .unknown
        case .text: return .text
        case .open: return isSet ? .set : isReference ? .text : .unknown
        }
    }

    /// Takes over the number of sequences; a field that says it too is reported.
    func decide(_ samples: inout Spanned<Int>, in fields: Fields, _ field: String) {
        guard let tokens else { return }
        if samples.isWritten {
            fields.report(
                .conflict, "'tokens' says how many sequences there are, and '\(field)' too", at: samples.span,
                secondary: [.init(tokens.span)], help: "keep one of the two")
        }
        samples = tokens.map(\.sequences)
    }

    /// Tokens of a sequence; rows are whole where the recipe does not say it.
    package func length(of origin: Origin) -> Spanned<Int?> {
        if let tokens { return tokens.map { $0.length } }
        return name.map { _ in origin == .text ? SequenceCount.standardLength : nil }
    }
}

/// So many sequences of so many tokens.
package struct SequenceCount: Hashable, Sendable {
    package let sequences: Int
    package let length: Int

    /// Of a text where nobody says it: as long as a window of `evaluate.perplexity`.
    static let standardLength = 512
}

extension Field where Value == SequenceCount {
    fileprivate static func sequences(_ name: String, _ documentation: String) -> Field {
        let (sequences, lengths) = (1...100_000, 2...65_536)
        return Field(
            name, .text, standard: nil, nothing: SequenceCount(sequences: 1, length: 2), documentation,
            spell: { "\($0.sequences) × \($0.length)" }
        ) { node, place in
            let text = node.scalar?.text ?? ""
            let factors = text.split(omittingEmptySubsequences: false, whereSeparator: { "×x*".contains($0) }).map { factor in
                Quantity.integer(factor.filter { $0 != " " })
            }
            guard factors.count == 2, let count = factors[0], let length = factors[1] else {
                place.report(.wrongType(place.field, wants: "sequences and their length such as 1024 × 2048", found: node))
                return nil
            }
            guard sequences.contains(count), lengths.contains(length) else {
                let nearest = (min(max(count, 1), 100_000), min(max(length, 2), 65_536))
                place.report(
                    .outOfRange(
                        place.field, allowed: "between 1 × 2 and 100000 × 65536", nearest: "\(nearest.0) × \(nearest.1)",
                        at: node.span))
                return nil
            }
            return SequenceCount(sequences: count, length: length)
        }
    }
}
