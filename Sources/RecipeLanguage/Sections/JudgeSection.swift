import Declarations
import Diagnostics
import Kinds
import Words

/// `judge`: who decides whether an answer is right, for rollouts and in the evaluation alike.
package struct JudgeSection: Sendable {
    /// With the question where a model decides.
    package let judge: Judge
    /// The model that judges: a source or stage, or an endpoint; one of the two where the kind is `model`.
    package let from: Spanned<String>?
    package let endpoint: EndpointSection?

    package var kind: Spanned<JudgeKind> { judge.$kind }

    enum Definition {
        static let from = Field.text("from", "The source or stage of the model that judges.")
        static let endpoint = SectionField("endpoint", EndpointSection.Definition.mapping)
        static let mapping = MappingDefinition(
            "judge", "Who decides whether an answer is right, for rollouts and in the evaluation alike.",
            Judge.fields() + [from, endpoint] + ModelQuestion.fields())
    }

    init(reading recipe: Fields, references: References) {
        let fields = recipe.section(Pipeline.Definition.judge)
        var judge = Judge.standard
        judge.read(fields)
        from = fields.reference(Definition.from, among: references)
        endpoint = EndpointSection(reading: Definition.endpoint, in: fields)
        var question = ModelQuestion.standard
        question.read(fields)
        question.$endpoint = fields.standard("endpoint", endpoint?.parameters)
        judge.$question = judge.$kind.map { $0 == .model ? question : nil }
        self.judge = judge
        check(fields)
    }

    private func check(_ fields: Fields) {
        if kind.value == .model, fields.node("from") == nil, fields.node("endpoint") == nil {
            fields.report(
                .judgeNeedsModel, "a judge of kind 'model' needs a model to ask", at: kind.span,
                help: "add 'endpoint: {url: …, model: …}', or 'from: SOURCE'")
        }
        guard kind.value != .model else { return }
        for name in ["from", "endpoint", "prompt"] {
            guard let entry = fields.entry(name) else { continue }
            fields.report(
                .conflict, "a judge of kind '\(kind.value.rawValue)' asks no model", at: entry.key.span,
                secondary: kind.isWritten ? [.init(kind.span)] : [], help: "leave '\(name)' out, or write 'kind: model'")
        }
    }
}

/// `sample`: how the teacher answers the training prompts.
extension Sample {
    enum Definition {
        static let section = SectionField(
            "sample",
            MappingDefinition(
                "sample", "How the teacher answers the training prompts; with `none`, KD learns from the rows' own answers.",
                mayBeNone: true, Sample.fields()))
    }

    /// `nil` for `sample: none`. A section that is left out has its defaults.
    init?(reading recipe: Fields) {
        if recipe.node("sample")?.scalar?.text == "none" { return nil }
        self = .standard
        read(recipe.section(Definition.section))
    }
}
