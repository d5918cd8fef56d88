import Declarations
import Diagnostics
import Kinds

/// `teachers.NAME.answers`: which training rows a teacher answers beside the first one.
package struct AnswerShare: Sendable {
    /// Of the rows of no domain; that of `teacher` is 1.
    package let weight: Spanned<Double>
    /// Functions and labels, or patterns of them, whose rows it answers; empty for a share of the rows of no domain.
    package let domain: Spanned<[String]>

    enum Definition {
        static let weight = Field.number(
            "weight", 1, in: 0.001...1000, "Its share of the rows of no domain, beside that of `teacher`, which is 1.")
        static let domain = Field<[Spanned<String>]>.words(
            "domain", "Functions or labels, or patterns such as `play_*`: it answers the rows that have one, and no others.")
        static let mapping = MappingDefinition(
            "teachers.NAME.answers", "The training rows that it answers in place of `teacher`.", [weight, domain])
        static let field = RawField(
            "answers", .either([weight.definition.type, .mapping(mapping)]),
            "The training rows that it answers in place of `teacher`: its share of them, or a domain. Left out: none.")
    }

    /// `nil` where the field is left out.
    init?(reading teacher: Fields) {
        let name = Definition.field.name
        guard let entry = teacher.entry(name), let node = teacher.node(name) else { return nil }
        guard let mapping = node.mapping else {
            weight = teacher[Definition.weight.named(name)]
            domain = teacher.standard(name, [])
            return
        }
        let fields = Fields(
            Definition.mapping, path: teacher.fullName(of: name), anchor: entry.key.span, entries: mapping,
            findings: teacher.findings)
        weight = fields[Definition.weight]
        domain = fields[Definition.domain].map { $0.map(\.value) }
        if weight.isWritten, !domain.value.isEmpty {
            fields.report(
                .conflict, "a teacher of a domain answers all of its rows, and has no share of others", at: weight.span,
                secondary: [.init(domain.span)], help: "keep one of the two")
        }
    }
}

extension Pipeline {
    /// The rows that each of the teachers answers, the first one's before those of the others that answer; `nil` where it answers
    /// all of them.
    package var answeredRows: (own: Spanned<AnsweredRows?>, others: [(teacher: FurtherTeacher, rows: Spanned<AnsweredRows?>)]) {
        let sharing = teachers.compactMap { teacher in teacher.answers.map { (teacher: teacher, share: $0) } }
        guard let first = sharing.first else { return (Spanned(wrappedValue: nil), []) }
        let general = sharing.filter { $0.share.domain.value.isEmpty }
        let total = general.reduce(1.0) { $0 + $1.share.weight.value }
        let domains = sharing.flatMap(\.share.domain.value)
        var (reached, passed) = (1 / total, [String]())
        var own = AnsweredRows()
        (own.except, own.upTo) = (domains, reached)
        let others = sharing.map { teacher, share -> (teacher: FurtherTeacher, rows: Spanned<AnsweredRows?>) in
            var rows = AnsweredRows()
            if share.domain.value.isEmpty {
                (rows.except, rows.from) = (domains, reached)
                // The last one has all that is left, whatever rounding does.
                reached += share.weight.value / total
                rows.upTo = teacher.name.value == general.last?.teacher.name.value ? 1 : reached
                return (teacher: teacher, rows: Spanned(Optional(rows), at: share.weight.place))
            }
            (rows.domain, rows.except) = (share.domain.value, passed)
            passed += share.domain.value
            return (teacher: teacher, rows: Spanned(Optional(rows), at: share.domain.place))
        }
        let place = general.first?.share.weight.place ?? first.share.domain.place
        return (Spanned(Optional(own), at: place), others)
    }
}
