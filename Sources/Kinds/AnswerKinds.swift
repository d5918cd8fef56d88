import Declarations
import Words

package enum AnswerKinds {
    static let kinds: [any StageKind.Type] = [Sample.self, EndpointSample.self, Judge.self]
}

/// A kind whose stages may ask a model behind a server.
package protocol AskingKind: StageKind {
    /// The name of the model that the stage asks; `nil` where it asks none.
    var askedModel: String? { get }
}

/// Rollouts: a model answers the training prompts.
///
/// Revision 3: no answer has a token that only pads the embedding.
///
/// Inputs: `model`, `data` (of `data.split`).
/// Output: `rollouts.jsonl`: row id, sample number, response text, whether it ended by itself.
package struct Sample: StageKind {
    package static let declaration = KindDeclaration(
        "sample", revision: 3, inputs: [.required("model"), .required("data")], output: "`rollouts.jsonl`")

    @Spanned package var samples = 1
    @Spanned package var temperature = 0.7
    @Spanned package var maxTokens = 64
    @Spanned package var seed = 7
    @Spanned package var prompt = PromptStyle.query
    @Spanned package var answer = AnswerStyle.call
    @Spanned package var constrained = false
    @Spanned package var set = RowSet.train

    package static let standard = Self()
    package static let parameters: [Parameter<Self>] = [
        .init(\.$samples, .samples), .init(\.$temperature, .samplingTemperature), .init(\.$maxTokens, .answerTokens),
        .init(\.$seed, .seed("Of the sampling.")),
        .init(
            \.$constrained,
            .flag("constrained", "Whether a model at hand can answer nothing but calls that fit the functions' schemas."),
            key: .unlessStandard),
        .init(\.$prompt, .prompt, at: .elsewhere), .init(\.$answer, .answer, at: .elsewhere),
        .init(\.$set, .answeredSet, at: .elsewhere, key: .unlessStandard),
    ]

    package mutating func settle() { $maxTokens = $maxTokens.orTokens(of: $answer) }

    package var runsModel: Bool { true }
    package func operations(_ workload: Workload) -> Double? { workload.passes(samples, over: set.rawValue) }
}

/// Rollouts of a model behind an OpenAI-compatible server. The recorded answers are the artifact.
///
/// Revision 2: what a model reasons before its answer is kept as `reasoning`.
///
/// Inputs: `data` (of `data.split`).
/// Output: as `sample`, and `exchanges.jsonl`: each question's digest, model and settings with the answer as it came.
package struct EndpointSample: AskingKind {
    package static let declaration = KindDeclaration(
        "endpoint.sample", revision: 2, inputs: [.required("data")], output: "`rollouts.jsonl`, `exchanges.jsonl`")

    package var endpoint = EndpointParameters()
    @Spanned package var samples = 1
    @Spanned package var temperature = 0.7
    @Spanned package var maxTokens = 64
    @Spanned package var seed = 7
    /// With reasoning, a response is the model's own reasoning and its answer.
    @Spanned package var answer = AnswerStyle.call
    @Spanned package var set = RowSet.train

    package static let standard = Self()
    package static let parameters: [Parameter<Self>] = [
        .init(\.endpoint, "endpoint", "The model behind the server."),
        .init(\.$samples, .samples), .init(\.$temperature, .samplingTemperature), .init(\.$maxTokens, .answerTokens),
        .init(\.$seed, .seed("Of the sampling.")),
        .init(\.$answer, .answer, at: .elsewhere, key: .unlessStandard),
        .init(\.$set, .answeredSet, at: .elsewhere, key: .unlessStandard),
    ]

    package mutating func settle() { $maxTokens = $maxTokens.orTokens(of: $answer) }

    package var askedModel: String? { endpoint.model }
}

extension EndpointSample {
    /// The same sampling of another model.
    package init(_ sample: Sample, of model: Spanned<String>) {
        self.init()
        endpoint.$model = model
        ($samples, $temperature, $maxTokens, $seed) = (sample.$samples, sample.$temperature, sample.$maxTokens, sample.$seed)
    }
}

/// Sorts rollouts into accepted and rejected ones.
///
/// Revision 4: no reply of a judging model has a token that only pads the embedding.
///
/// Inputs: `data` (of `data.split`), `rollouts` (of `sample` or `endpoint.sample`), `judge` (a model) where a model at hand
/// decides.
/// Output: `accepted.jsonl` (row id, response), `rejected.jsonl` and `surplus.jsonl` (row id, response, reason): what is
/// wrong, and what is right but equal to a kept response or more than are kept; `summary.json`. Where a model decides,
/// `verdicts.jsonl` (row id, response, question, reply, verdict, what `ast` says), and in the summary how often it agrees
/// with `ast`.
package struct Judge: AskingKind {
    package static let declaration = KindDeclaration(
        "judge", revision: 4, inputs: [.required("data"), .required("rollouts"), .optional("judge")],
        output: "`accepted.jsonl`, `rejected.jsonl`, `surplus.jsonl`, `summary.json`, `verdicts.jsonl`?")

    @Spanned package var kind = JudgeKind.ast
    /// Accepted responses kept per row, after equal ones are merged.
    @Spanned package var keep = 1
    @Spanned package var answer = AnswerStyle.call
    /// What a judging model is asked; only where one decides.
    @Spanned package var question: ModelQuestion? = nil
    @Spanned package var set = RowSet.train

    package static let standard = Self()
    package static let parameters: [Parameter<Self>] = [
        .init(\.$kind, .judge("kind")), .init(\.$keep, .integer("keep", in: 1...64, "Accepted answers kept per row.")),
        .init(\.$answer, .answer, at: .elsewhere), .question(\.$question, when: { $0.asks }),
        .init(\.$set, .answeredSet, at: .elsewhere, key: .unlessStandard),
    ]

    private var asks: Spanned<Bool> { $kind.map { $0 == .model } }
    package var askedModel: String? { question?.endpoint?.model }
    package var runsModel: Bool { kind == .model && question?.endpoint == nil }
    package func memory(_ inputs: [String: Int]) -> Int { Memory.judging(inputs) }
}

/// A model behind an OpenAI-compatible server. Where that server is stands in `Stage.endpoint`: a model that has moved answers
/// as before, so its address is no part of a key.
package struct EndpointParameters: ParameterGroup {
    @Spanned package var model = ""

    package static let standard = Self()
    package static let parameters: [Parameter<Self>] = [
        .init(\.$model, .text("model", "The model's name there."), isNeeded: true)
    ]
}

/// What a judging model is asked, and where it is if not at hand.
package struct ModelQuestion: ParameterGroup {
    /// Empty for the standard question.
    @Spanned package var prompt = ""
    @Spanned package var endpoint: EndpointParameters? = nil

    package static let standard = Self()
    package static let parameters: [Parameter<Self>] = [
        .init(
            \.$prompt,
            .text("prompt", "What the judging model is asked, with {query}, {functions}, {answer} and {reference}.")),
        .init(\.$endpoint, "endpoint", "The model that judges, where it is behind a server."),
    ]
}

extension Parameter where Owner: ParameterGroup {
    /// What a judging model is asked.
    static func question(
        _ path: WritableKeyPath<Owner, Spanned<ModelQuestion?>> & Sendable,
        when condition: @escaping @Sendable (Owner) -> Spanned<Bool>
    ) -> Parameter {
        .init(path, "question", "What a judging model is asked, where one decides.", when: condition, standard: .standard)
    }
}

extension Field where Value == JudgeKind {
    static func judge(_ name: String) -> Field {
        .choice(name, "`ast`: the calls are right in any order; `exact`: identical; `model`: a model decides.")
    }
}

extension Field where Value == RowSet {
    fileprivate static var answeredSet: Field { .choice("set", "The set whose rows are answered.") }
}

extension Field where Value == Int {
    fileprivate static var samples: Field { .integer("samples", in: 1...64, "Answers per prompt.") }
    /// Of answers that are sampled or evaluated.
    static var answerTokens: Field {
        .integer("max_tokens", in: 1...4096, spelled: "`64`; `192` with reasoning", "New tokens per answer at most.")
    }
}

extension Field where Value == Double {
    fileprivate static var samplingTemperature: Field {
        .number("temperature", in: 0...5, "Of the sampling; 0 is greedy.")
    }
}
