import Declarations
import Diagnostics
import Kinds

/// `teachers.NAME`: a teacher beside the first one: it answers in its place, scores its answers, or is named by a step.
package struct FurtherTeacher: Sendable {
    package let name: Spanned<String>
    package let origin: ModelOrigin
    /// `nil` where it is a model at hand, whose logits can be had.
    package let endpoint: EndpointSection?
    /// How it is corrected on the task's data.
    package let transfer: Transfer
    /// How much its logits count; those of `teacher` count 1.
    package let weight: Spanned<Double>
    /// Which training rows it answers beside `teacher`; `nil` where it answers none.
    package let answers: AnswerShare?
    package let seed: Spanned<Int>

    enum Definition {
        static let weight = Field.number(
            "weight", 1, in: 0.001...1000, "How much its logits count; those of `teacher` count 1.")
        static let transfer = RawField(
            "transfer", Transfer.Definition.teacher.definition.type, standard: "`SFT`",
            "How it is corrected on the task's data. In the transfer notation, or as a list of steps.")
        static let mapping = MappingDefinition(
            "teachers.NAME",
            "Teachers beside `teacher`: steps name them, and KD that names nobody learns from the logits of all at hand.",
            [
                ModelShape.Definition.field, ModelOrigin.Definition.from, ModelOrigin.Definition.answer,
                TeacherSection.Definition.endpoint, transfer, weight, AnswerShare.Definition.field,
                TeacherSection.Definition.seed,
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
        fields.check(name, canName: "a teacher", besides: Pipeline.ownTeacher, "'teacher' is the recipe's own")
        origin = ModelOrigin(reading: fields, .teacher, references: references)
        endpoint = EndpointSection(reading: TeacherSection.Definition.endpoint, in: fields)
        transfer = Transfer(reading: Definition.transfer, in: fields, .teacher)
        weight = fields[Definition.weight]
        answers = AnswerShare(reading: fields)
        seed = fields[TeacherSection.Definition.seed]
        if endpoint != nil { fields.checkEndpoint(besides: ["init", "from", "answer", "transfer", "weight"]) }
    }
}
