import CanonicalJSON
import Engine

/// A prompt for a model, ready for its engine, and how its answer is read.
struct Question: Sendable {
    /// What an answer may be.
    enum Manner: Sendable {
        /// Any words, told as they come.
        case words
        /// Words or an object, which are read when they are whole.
        case reading(AnswerConvention)
        /// Calls in Decant's form, told as they come.
        case calls(AnswerConvention)
    }

    let model: ServedModel
    let prompt: [Int32]
    let manner: Manner
    let constraint: TokenConstraint?
    /// A constraint for the case that something is called; `nil` where nothing has to be decided before.
    var callingConstraint: TokenConstraint?
    let options: GenerationOptions
    let alternatives: Int

    var tokenizer: Tokenizer { model.convention.prompts.tokenizer }
}

extension Question {
    /// The next message of a chat.
    ///
    /// - Throws: where the model's task has another address, where the request names what this model cannot do, and where its
    ///   prompt cannot be made.
    init(_ request: ChatRequest, to model: ServedModel) throws(APIError) {
        let convention = model.convention(bringsFunctions: request.tools.given?.isEmpty == false)
        let task = convention.task
        var row = Row(id: "request", query: request.conversation.query, answers: [])
        row.background = request.conversation.background
        var bounds = CallBounds()
        switch task.kind {
        case .choice, .classify, .extract, .rank, .text:
            guard request.tools.given == nil, request.tools.choice == .auto || request.tools.choice == .none else {
                throw APIError.invalid(
                    "the task of '\(model.name)' is '\(task.kind.rawValue)', which calls no functions", field: "tools")
            }
            if task.kind == .rank { throw Self.elsewhere(model, "/v1/rerank") }
            if task.kind == .choice { throw Self.elsewhere(model, "/v1/classify") }
        case .calls:
            bounds = try request.tools.apply(to: &row, pool: task.functions)
            if request.format != nil { (row.functions, row.definitions) = ([], []) }
        }
        self.model = model
        let isCalling = task.kind == .calls && convention.knowsAnswers(to: row)
        do throws(RowError) {
            prompt = try convention.promptTokens(of: row)
            let wish = AnswerWish(request)
            constraint = try model.constraint(wish) { () throws(RowError) in
                if let format = request.format { return .object(of: format) }
                return try request.isConstrained ? convention.pattern(of: row, calls: bounds) : nil
            }
            if isCalling, wish.isUsual, case .generating(_, .some) = model.method, convention.prompts.formName == nil {
                callingConstraint = try model.constraint(wish.calling) { () throws(RowError) in
                    try convention.pattern(of: row, calls: CallBounds(isRequired: true))
                }
            }
        } catch {
            throw APIError.invalid("\(error)", field: "messages")
        }
        guard constraint == nil || !request.sampling.ignoresEnd else {
            throw APIError.invalid("'ignore_eos' goes with 'constrained': false", field: "ignore_eos")
        }
        if isCalling, constraint != nil, convention.prompts.formName == nil {
            manner = .calls(convention)
        } else if isCalling || convention.answerStyle == .reasoning {
            manner = .reading(convention)
        } else {
            manner = .words
        }
        options = request.sampling.options(
            usual: model.usualTokens, endTokens: convention.prompts.endTokens, stops: Self.stops(request.sampling, model),
            recordsLogProbabilities: request.likelihoods.isAsked)
        alternatives = request.likelihoods.alternatives
    }

    /// The rest of a plain text.
    init(_ prompt: CompletionRequest.Prompt, of request: CompletionRequest, to model: ServedModel) {
        self.model = model
        switch prompt {
        case .text(let text):
            self.prompt = model.convention.prompts.tokenizer.encodePlainText(text).map { Int32(truncatingIfNeeded: $0) }
        case .tokens(let tokens): self.prompt = tokens
        }
        (manner, constraint) = (.words, nil)
        options = request.sampling.options(
            usual: model.usualTokens, endTokens: model.convention.prompts.endTokens, stops: Self.stops(request.sampling, model),
            recordsLogProbabilities: request.likelihoods.isAsked)
        alternatives = request.likelihoods.alternatives
    }

    /// The label of a text.
    ///
    /// - Throws: where the prompt cannot be made.
    init(classifying text: String, by model: ServedModel) throws(APIError) {
        let convention = model.convention
        let row = Row(id: "request", query: text, answers: [])
        self.model = model
        do throws(RowError) {
            prompt = try convention.promptTokens(of: row)
            constraint = try model.constraint(AnswerWish()) { () throws(RowError) in try convention.pattern(of: row) }
        } catch {
            throw APIError.invalid("\(error)", field: "input")
        }
        manner = .reading(convention)
        options = GenerationOptions(
            maximumTokens: model.usualTokens, stopTokens: Set(convention.prompts.endTokens), recordsLogProbabilities: true)
        alternatives = 0
    }

    private static func stops(_ sampling: Sampling, _ model: ServedModel) -> StopSequences? {
        sampling.stop.isEmpty ? nil : StopSequences(sampling.stop, in: model.constraints.vocabulary)
    }

    private static func elsewhere(_ model: ServedModel, _ path: String) -> APIError {
        .invalid("the model '\(model.name)' is asked at \(path)", field: "model", code: "wrong_endpoint")
    }
}

extension Question {
    /// What the engine is asked for one of several answers.
    func request(item: Int, isCalling: Bool) -> AnswerRequest {
        AnswerRequest(
            prompt: GenerationPrompt(prompt, constraint: isCalling ? callingConstraint : constraint), options: options,
            item: item,
            topLogProbabilities: alternatives)
    }
}

extension APIError {
    /// An engine takes a request not.
    init(_ refusal: AnswerRefusal) {
        switch refusal {
        case .full(let waiting):
            self = .busy("\(waiting) requests wait already; ask again later", retryAfter: 1, code: "queue_full")
        case .tooLong(let tokens, let limit):
            self = .invalid(
                "the prompt has \(tokens) tokens; the model takes at most \(limit)", field: "messages",
                code: "context_length_exceeded")
        case .invalid(let reason): self = .invalid(reason)
        case .draining: self = .unavailable("the model is being stopped; ask again", retryAfter: 1)
        }
    }
}
