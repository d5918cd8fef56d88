import Diagnostics
import Words

/// `judge`: who decides whether an answer is right, for rollouts and in the evaluation alike.
package struct JudgeSection: Sendable {

    package let kind: Spanned<JudgeKind>
    /// Accepted answers kept per row.
    package let keep: Spanned<Int>
    /// The model that judges: a source or stage, or an endpoint; one of the two where the kind is `model`.
    package let from: Spanned<String>?
    package let endpoint: EndpointSection?
    /// What the judging model is asked; empty for the standard question.
    package let prompt: Spanned<String>

    enum Definition {
        static let kind = Field.choice(
            "kind", JudgeKind.ast, "`ast`: the calls are right in any order; `exact`: identical; `model`: a model decides.")
        static let keep = Field.integer("keep", 1, in: 1...64, "Accepted answers kept per row.")
        static let from = Field.text("from", "The source or stage of the model that judges.")
        static let endpoint = SectionField("endpoint", EndpointSection.Definition.mapping)
        static let prompt = Field.text(
            "prompt", "What the judging model is asked, with {query}, {functions}, {answer} and {reference}.")
        static let mapping = MappingDefinition(
            "judge", "Who decides whether an answer is right, for rollouts and in the evaluation alike.",
            [kind, keep, from, endpoint, prompt])
    }

    init(reading recipe: Fields, references: References) {
        let fields = recipe.section(Pipeline.Definition.judge)
        kind = fields[Definition.kind]
        keep = fields[Definition.keep]
        from = fields.reference(Definition.from, among: references)
        endpoint = EndpointSection(reading: Definition.endpoint, in: fields)
        prompt = fields[Definition.prompt]
        if kind.value == .model, fields.node("from") == nil, fields.node("endpoint") == nil {
            fields.report(
                Diagnostic(
                    .judgeNeedsModel, "a judge of kind 'model' needs a model to ask", at: kind.span,
                    help: "add 'endpoint: {url: …, model: …}', or 'from: SOURCE'"))
        }
        guard kind.value != .model else { return }
        for name in ["from", "endpoint", "prompt"] {
            guard let entry = fields.entry(name) else { continue }
            fields.report(
                Diagnostic(
                    .conflict, "a judge of kind '\(kind.value.rawValue)' asks no model", at: entry.key.span,
                    secondary: kind.isWritten ? [.init(kind.span)] : [], help: "leave '\(name)' out, or write 'kind: model'"))
        }
    }
}

/// `sample`: how the teacher answers the training prompts.
package struct SampleSection: Sendable {
    /// Answers per prompt.
    package let samples: Spanned<Int>
    /// 0 is greedy.
    package let temperature: Spanned<Double>
    /// New tokens at most.
    package let maxTokens: Spanned<Int>
    package let seed: Spanned<Int>
    /// Whether answers are held to calls of the candidate functions.
    package let constrained: Spanned<Bool>

    enum Definition {
        static let samples = Field.integer("samples", 1, in: 1...64, "Answers per prompt.")
        static let temperature = Field.number("temperature", 0.7, in: 0...5, "Of the sampling; 0 is greedy.")
        static let maxTokens = Field.integer(
            "max_tokens", 64, in: 1...4096, spelled: "`64`; `192` with reasoning", "New tokens per answer at most.")
        static let seed = Field.seed(7, "Of the sampling.")
        static let constrained = Field.flag(
            "constrained", false, "Whether a model at hand can answer nothing but calls that fit the functions' schemas.")
        static let mapping = MappingDefinition(
            "sample", "How the teacher answers the training prompts; with `none`, KD learns from the rows' own answers.",
            mayBeNone: true, [samples, temperature, maxTokens, seed, constrained])
    }

    /// `nil` for `sample: none`. A section that is left out has its defaults.
    init?(reading recipe: Fields) {
        if recipe.node("sample")?.scalar?.text == "none" { return nil }
        let fields = recipe.section(Pipeline.Definition.sample)
        samples = fields[Definition.samples]
        temperature = fields[Definition.temperature]
        maxTokens = fields[Definition.maxTokens]
        seed = fields[Definition.seed]
        constrained = fields[Definition.constrained]
    }
}
