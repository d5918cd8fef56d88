import Declarations
import Diagnostics
import Kinds
import SpannedYAML

/// `evaluate.compare`: with whose answers those of every variant's last model are compared.
package struct CompareSection: Sendable {
    /// The name of a row of the report.
    package let other: Spanned<String>
    package let kind: EvalCompare
    /// The source of a sheet that people have filled in.
    package let sheet: Spanned<String>?

    enum Definition {
        static let other = Field.text(
            "with", required: true, "`teacher`, or the name of another model that is evaluated, such as `student.sft`.")
        static let sheet = Field.text("sheet", "The source of an earlier `sheet.csv` that people have filled in.")
        static let mapping = MappingDefinition(
            "evaluate.compare",
            "With whose answers those of every variant's last model are compared, pair by pair, by the recipe's judge; "
                + "`compare: teacher` is short for `compare: {with: teacher}`.",
            [other] + EvalCompare.fields() + [sheet])
        static let field = RawField("compare", .either([.text, .mapping(mapping)]), mapping.documentation)
    }

    /// `nil` where nothing is compared.
    init?(reading evaluate: Fields, references: References) {
        let short = Definition.other.name
        guard let fields = evaluate.section(Definition.field, Definition.mapping, orValueOf: short) else { return nil }
        other = fields[Definition.other]
        if !other.isWritten {
            fields.report(.missingField("with", in: fields.owner, at: fields.anchor, help: "add 'with: teacher'"))
        }
        var kind = EvalCompare.standard
        kind.read(fields)
        self.kind = kind
        sheet = fields.reference(Definition.sheet, among: references)
    }
}
