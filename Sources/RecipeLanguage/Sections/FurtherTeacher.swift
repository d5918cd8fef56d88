import Declarations
import Diagnostics
import Kinds

/// `teachers.NAME`: a teacher beside the first one, which scores the first one's answers.
package struct FurtherTeacher: Sendable {
    package let name: Spanned<String>
    package let origin: ModelOrigin
    /// How it is corrected on the task's data.
    package let transfer: Transfer
    /// How much its logits count; those of `teacher` count 1.
    package let weight: Spanned<Double>
    package let seed: Spanned<Int>

    enum Definition {
        static let weight = Field.number(
            "weight", 1, in: 0.001...1000, "How much its logits count; those of `teacher` count 1.")
        static let transfer = RawField(
            "transfer", Transfer.Definition.teacher.definition.type, standard: "`SFT`",
            "How it is corrected on the task's data. In the transfer notation, or as a list of steps.")
        static let mapping = MappingDefinition(
            "teachers.NAME", "Teachers beside `teacher`, which answers: KD learns from the logits of all on its answers.",
            [
                ModelShape.Definition.field, ModelOrigin.Definition.from, transfer, weight, TeacherSection.Definition.seed,
            ])
        static let field = RawField("teachers", .named(.mapping(mapping)), mapping.documentation)
    }

    static func list(reading recipe: Fields, references: References) -> [FurtherTeacher] {
        recipe.named(Definition.field, Definition.mapping).map {
            FurtherTeacher(name: $0.name, reading: $0.fields, references: references)
        }
    }

    private init(name: Spanned<String>, reading fields: Fields, references: References) {
        self.name = name
        if !name.value.isPlainName {
            fields.report(
                Diagnostic(
                    .badName, "'\(Diagnostic.shortened(name.value))' cannot name a teacher", at: name.span,
                    help: "use letters, digits, '-', '_' and '.', a letter or digit first"))
        }
        origin = ModelOrigin(reading: fields, .teacher, references: references)
        transfer = Transfer(reading: Definition.transfer, in: fields, .teacher)
        weight = fields[Definition.weight]
        seed = fields[TeacherSection.Definition.seed]
    }
}
