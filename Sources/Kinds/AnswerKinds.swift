import Declarations
import Words

package enum AnswerKinds {
    static let kinds: [any StageKind.Type] = [Sample.self, EndpointSample.self]
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
/// Output: `rollouts.jsonl`: row id, sample number, response text, whether it ended by itself; what a chat model
/// said in its own form, and why that cannot be read.
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
    /// `nil` where an answer has as many calls as its tokens allow.
    @Spanned package var maxCalls: Int? = nil
    /// `nil` where all rows are answered.
    @Spanned package var rows: AnsweredRows? = nil
    @Spanned package var set = RowSet.train

    package static let standard = Self()
    package static let parameters: [Parameter<Self>] = [
        .init(\.$samples, .samples), .init(\.$temperature, .samplingTemperature), .init(\.$maxTokens, .answerTokens),
        .init(\.$seed, .seed("Of the sampling.")), .answeredRows(\.$rows),
        .init(
            \.$constrained,
            .flag("constrained", "Whether a model at hand can answer nothing but calls that fit the functions' schemas."),
            key: .unlessStandard),
        .init(\.$maxCalls, .maxCalls),
        .init(\.$prompt, .prompt, at: .elsewhere), .init(\.$answer, .answer, at: .elsewhere),
        .init(\.$set, .answeredSet, at: .elsewhere, key: .unlessStandard),
    ]

    package mutating func settle() {
        $maxTokens = $maxTokens.orTokens(of: $answer)
        if !constrained { maxCalls = nil }
    }

    package var runsModel: Bool { true }
    package func operations(_ workload: Workload) -> Double? { workload.sharing().passes(samples, over: set.rawValue) }
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
    /// `nil` where all rows are answered.
    @Spanned package var rows: AnsweredRows? = nil
    @Spanned package var set = RowSet.train

    package static let standard = Self()
    package static let parameters: [Parameter<Self>] = [
        .init(\.endpoint, "endpoint", "The model behind the server."),
        .init(\.$samples, .samples), .init(\.$temperature, .samplingTemperature), .init(\.$maxTokens, .answerTokens),
        .init(\.$seed, .seed("Of the sampling.")), .answeredRows(\.$rows),
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
        ($rows, $set) = (sample.$rows, sample.$set)
    }
}

/// Which training rows a teacher answers, where several share them: those of its domain, or a share of those of no domain.
package struct AnsweredRows: ParameterGroup {
    /// Functions that rows call, or labels that they have: names, and patterns in which `*` is any run of characters. Empty for a
    /// teacher that answers rows of no domain.
    @Spanned package var domain: [String] = []
    /// The domains of teachers that come before it.
    @Spanned package var except: [String] = []
    /// Of rows of no domain, those whose hash is from here on …
    @Spanned package var from = 0.0
    /// … and below this.
    @Spanned package var upTo = 1.0

    package static let standard = Self()
    package static let parameters: [Parameter<Self>] = [
        .init(\.$domain, .names("domain", "Functions or labels, or patterns such as `play_*`, whose rows are answered.")),
        .init(\.$except, .names("except", "Those whose rows are answered by others.")),
        .init(\.$from, .share("from", in: 0...1, "Where its share of the rows of no domain begins.")),
        .init(\.$upTo, .share("up_to", in: 0...1, "Where it ends.")),
    ]

    package init() {}
}

extension Parameter where Owner: ParameterGroup {
    fileprivate static func answeredRows(_ path: WritableKeyPath<Owner, Spanned<AnsweredRows?>> & Sendable) -> Parameter {
        .init(path, "rows", "The training rows that are answered, where several teachers share them.")
    }
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

extension Field where Value == RowSet {
    static var answeredSet: Field { .choice("set", "The set whose rows are answered.") }
}

extension Field where Value == Int {
    fileprivate static var samples: Field { .integer("samples", in: 1...64, "Answers per prompt.") }
    /// Of answers that are held to calls.
    static var maxCalls: Field {
        .integer(
            "max_calls", in: 1...1000,
            "Calls of a `constrained` answer at most; left out, as many as its tokens allow. Either way it is closed before they "
                + "run out.")
    }
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
