import Declarations
import Diagnostics
import Kinds

/// `data.retrieve.describe`: a model writes the descriptions that functions are found by. It is tuned on those of its own that
/// find the most training queries.
package struct DescribeSection: Sendable {
    /// The source or stage of the model.
    package let from: Spanned<String>
    package let sample: DescribeSample
    package let train: TrainSFT

    enum Definition {
        static let from = Field.text("from", required: true, "The source or stage of the model that describes.")
        static let training = SectionField(
            "training",
            MappingDefinition(
                "data.retrieve.describe.training",
                "How the model is tuned on its best descriptions; 100 steps of 8 rows at 5e-5 by `adamw` by default.",
                TrainingParameters.fields()))
        static let mapping = MappingDefinition(
            "data.retrieve.describe",
            "A model writes descriptions that functions are found by; it is tuned on those that find the most training queries.",
            mayBeNone: true, [from] + DescribeSample.fields() + [training])
    }

    init?(reading retrieve: Fields, for search: DataRetrieve, references: References) {
        guard let fields = retrieve.optionalSection(RetrieveSection.Definition.describe) else { return nil }
        from = fields.requiredReference(Definition.from, among: references)
        var sample = DescribeSample.standard
        sample.read(fields)
        (sample.$method, sample.$document) = (search.$method, search.$document)
        sample.$queryInstruction = search.$queryInstruction
        // As gently as a published model is tuned.
        var train = TrainSFT.standard
        (train.training.steps, train.training.batch) = (100, 8)
        (train.training.learningRate, train.training.optimizer) = (5e-5, .adamW)
        train.training.read(fields.section(Definition.training))
        (self.sample, self.train) = (sample, train)
        if search.method == .classifier {
            fields.report(
                .conflict, "a classifier reads no descriptions", at: fields.anchor,
                secondary: search.$method.isWritten ? [.init(search.$method.span)] : [],
                help: "leave 'describe' out, or write 'method: bm25' or 'method: embedding'")
        }
        if !sample.prompt.isEmpty, !sample.prompt.contains("{function}") {
            fields.report(
                .missingField(
                    "{function}", in: "the prompt", at: sample.$prompt.span,
                    help: "write {function} where the definition belongs"))
        }
    }
}
