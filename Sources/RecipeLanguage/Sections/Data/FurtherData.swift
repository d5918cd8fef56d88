import Declarations
import Diagnostics
import Kinds

/// `datasets.NAME`: rows beside those of `data`, for the steps that name them.
package struct FurtherData: Sendable {
    package let name: Spanned<String>
    package let task: TaskSection
    package let data: DataSection
    /// `nil` where nobody answers, and the rows' own answers are learned.
    package let sample: Sample?

    enum Definition {
        static let mapping = MappingDefinition(
            "datasets.NAME",
            "Rows beside those of `data`, for the steps that name them: `KD(data: NAME)`. Without a `sample`, their own answers "
                + "are learned.",
            [TaskSection.Definition.field] + DataSection.Definition.fields + [Sample.Definition.section])
        static let field = RawField("datasets", .named(.mapping(mapping)), mapping.documentation)
    }

    static func list(reading recipe: Fields, references: References) -> [FurtherData] {
        recipe.named(Definition.field, Definition.mapping).map {
            FurtherData(name: $0.name, reading: $0.fields, references: references)
        }
    }

    private init(name: Spanned<String>, reading fields: Fields, references: References) {
        self.name = name
        fields.check(name, canName: "data", besides: Pipeline.ownData, "'data' are the recipe's own")
        task = TaskSection(reading: fields, references: references)
        data = DataSection(own: fields, references: references)
        sample = fields.node(Sample.Definition.section.definition.name) == nil ? nil : Sample(reading: fields)
    }
}

extension Pipeline {
    /// What a step calls the recipe's own data and its first teacher.
    package static let (ownData, ownTeacher) = ("data", "teacher")

    /// The pipeline as a step sees it that names other data.
    package func reading(_ set: FurtherData) -> Pipeline {
        var pipeline = Pipeline(sections: sections.reading(set))
        pipeline.furtherData = set.name.value
        return pipeline
    }

    /// The steps that learn from the same rows, with the pipeline as they see it: first those of the recipe's own data.
    var stepsByData: [(pipeline: Pipeline, steps: [Transfer.Step])] {
        func steps(of name: String) -> [Transfer.Step] { allSteps.filter { $0.dataName == name } }
        return [(pipeline: self, steps: steps(of: Self.ownData))]
            + datasets.map { (pipeline: reading($0), steps: steps(of: $0.name.value)) }
    }
}

extension Transfer.Step {
    package var dataName: String { data?.value ?? Pipeline.ownData }

    /// Whether several teachers share the answers that the step learns from: it names neither a teacher nor data, and nobody
    /// reasons.
    package var sharesAnswers: Bool {
        let method = method.value
        return (method.needsJudgedAnswers || method == .kd) && teacher == nil && dataName == Pipeline.ownData && star == nil
    }
}
