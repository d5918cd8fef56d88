import CanonicalJSON
import Engine
import Foundation

extension APIRoutes {
    /// What models answer, and what is known of them.
    static let model: [APIRoute] = [
        APIRoute(
            method: .post, path: "/v1/chat/completions", summary: "The next message of a chat: calls of functions, or words.",
            fields: ChatRequest.fields, answer: .jsonOrEvents(["type": "object", "required": ["id", "object", "choices"]]),
            errors: [503], handle: { server, call throws(APIError) in try server.chat(call) }),
        APIRoute(
            method: .post, path: "/v1/completions", summary: "The rest of a text, without a template around it.",
            fields: CompletionRequest.fields,
            answer: .jsonOrEvents(["type": "object", "required": ["id", "object", "choices"]]), errors: [503],
            handle: { server, call throws(APIError) in try server.complete(call) }),
        APIRoute(
            method: .post, path: "/v1/classify", summary: "The labels of texts, or the best of several options.",
            fields: ClassifyRequest.fields, answer: .json(ClassifyRequest.answer), errors: [503],
            handle: { server, call throws(APIError) in try server.classify(call) }),
        APIRoute(
            method: .post, path: "/v1/rerank", summary: "Texts in the order in which they fit a question.",
            fields: RankRequest.fields, answer: .json(RankRequest.answer), errors: [503],
            handle: { server, call throws(APIError) in try server.rank(call) }),
        APIRoute(
            method: .get, path: "/v1/models", summary: "The models that are served.",
            answer: .json(["type": "object", "required": ["object", "data"]]),
            handle: { server, call throws(APIError) in
                call.respond(JSON.object(inOrder: [("object", "list"), ("data", .array(server.shelf.all.map(\.json)))]))
            }),
        APIRoute(
            method: .get, path: "/v1/models/{model}", summary: "A model: its task, and what it may answer.",
            answer: .json(["type": "object", "required": ["id", "object"]]),
            handle: { server, call throws(APIError) in
                call.respond(try server.shelf.model(named: call.parameter("model")).description)
            }),
        APIRoute(
            method: .get, path: "/v1/models/{model}/lineage", summary: "What a model was made from, stage by stage.",
            answer: .json(["type": "object", "required": ["name", "commit", "stages"]]),
            handle: { server, call throws(APIError) in
                call.respond(try server.shelf.model(named: call.parameter("model")).identity.lineage)
            }),
    ]

    /// How the server is.
    static let conduct: [APIRoute] = [
        APIRoute(
            method: .get, path: "/health", summary: "Whether the server runs.", needsKey: false,
            answer: .json(["type": "object", "required": ["status"]]),
            handle: { _, call throws(APIError) in call.respond(["status": "ok"]) }),
        APIRoute(
            method: .get, path: "/ready", summary: "Whether the server takes requests.", needsKey: false,
            answer: .json(["type": "object", "required": ["status"]]), errors: [503],
            handle: { server, call throws(APIError) in
                guard !server.isDraining else { throw APIError.unavailable("the server stops") }
                call.respond(["status": "ready"])
            }),
        APIRoute(
            method: .get, path: "/metrics", summary: "Figures in the form that Prometheus reads.",
            answer: .text(type: "text/plain; version=0.0.4"),
            handle: { server, call throws(APIError) in
                let models = server.shelf.all.map { (name: $0.name, figures: $0.engine?.figures) }
                let text = server.conduct.figures.text(models: models, connections: server.connections)
                call.respond(WebResponse(200, type: "text/plain; version=0.0.4", body: Array(text.utf8)))
            }),
        APIRoute(
            method: .get, path: "/openapi.json", summary: "This description.", needsKey: false,
            answer: .json(["type": "object", "required": ["openapi", "paths"]]),
            handle: { server, call throws(APIError) in
                call.respond(OpenAPIDocument(routes: server.routes, version: server.settings.version).json)
            }),
    ]

    /// The page for people.
    static let page: [APIRoute] = [
        file("/", Page.html, type: "text/html; charset=utf-8"), file("/page.css", Page.style, type: "text/css; charset=utf-8"),
        file("/page.js", Page.script, type: "text/javascript; charset=utf-8"),
    ]

    private static func file(_ path: String, _ text: String, type: String) -> APIRoute {
        let body = Array(text.utf8)
        return APIRoute(
            method: .get, path: path, summary: "A part of the page on which people try a model.", needsKey: false,
            answer: .text(type: type),
            handle: { _, call throws(APIError) in call.respond(WebResponse(200, type: type, body: body, headers: Page.headers))
            })
    }
}

// MARK: What models answer

extension ModelServer {
    fileprivate func chat(_ call: APICall) throws(APIError) {
        let request = try ChatRequest(call.body)
        call.entry.use(model: request.model)
        try ask(request.model) { [self] model throws(APIError) in
            let form = ChatForm(
                head: head("chatcmpl", of: model), likelihoods: likelihoods(request.likelihoods, of: model),
                tellsTokens: request.sampling.tellsTokens)
            let question = try Question(request, to: model)
            return OpenAnswers([question], to: model, in: form, request.sampling, call, conduct)
        }
    }

    fileprivate func complete(_ call: APICall) throws(APIError) {
        let request = try CompletionRequest(call.body)
        call.entry.use(model: request.model)
        try ask(request.model) { [self] model throws(APIError) in
            guard model.engine != nil else {
                throw APIError.invalid("the model '\(model.name)' weighs answers and writes none", field: "model")
            }
            let form = CompletionForm(
                head: head("cmpl", of: model), likelihoods: likelihoods(request.likelihoods, of: model),
                tellsTokens: request.sampling.tellsTokens)
            let questions = request.prompts.map { Question($0, of: request, to: model) }
            return OpenAnswers(questions, to: model, in: form, request.sampling, call, conduct)
        }
    }

    /// Begins answers; where the model was replaced meanwhile, with its successor.
    private func ask(_ name: String, _ answers: (ServedModel) throws(APIError) -> OpenAnswers) throws(APIError) {
        var model = try shelf.model(named: name)
        while true {
            let open = try answers(model)
            do throws(AnswerRefusal) {
                return try open.begin()
            } catch {
                guard error == .draining, let successor = shelf[name], successor !== model else { throw APIError(error) }
                model = successor
            }
        }
    }

    private func head(_ prefix: String, of model: ServedModel) -> AnswerHead {
        AnswerHead(
            id: newID(prefix), created: Int(Date().timeIntervalSince1970), model: model.name,
            fingerprint: model.identity.commit)
    }

    private func likelihoods(_ wish: LikelihoodWish, of model: ServedModel) -> TokenLikelihoods? {
        wish.isAsked ? TokenLikelihoods(tokenizer: model.convention.prompts.tokenizer) : nil
    }
}

// MARK: What models weigh

extension ModelServer {
    fileprivate func classify(_ call: APICall) throws(APIError) {
        let request = try ClassifyRequest(call.body)
        call.entry.use(model: request.model)
        let model = try shelf.model(named: request.model)
        switch model.convention.task.kind {
        case .classify:
            guard request.options == nil else {
                throw APIError.invalid("the model '\(model.name)' has its own labels; leave 'options' out", field: "options")
            }
            try ask(request.model) { [self] model throws(APIError) in
                var questions: [Question] = []
                for text in request.texts { questions.append(try Question(classifying: text, by: model)) }
                return OpenAnswers(questions, to: model, in: LabelForm(model: model.name), .whole, call, conduct)
            }
        case .choice:
            guard let options = request.options else {
                throw APIError.invalid("the model '\(model.name)' chooses among 'options'; name them", field: "options")
            }
            let rows = try Self.rows(request.texts, field: "options") { text throws(RowError) in
                Row(id: "request", query: text, options: try RowOptions(options, right: 0))
            }
            try weigh(rows, with: model, call) { _, scored -> Label in
                let best = ChoiceCounts.Normalization.none.choice(among: scored) ?? 0
                return Label(text: options[best], logProbability: scored[best].logProbability)
            } answer: { labels in
                LabelForm(model: model.name).json(labels)
            }
        default:
            throw APIError.invalid(
                "the task of '\(model.name)' is '\(model.convention.task.kind.rawValue)', which gives no labels", field: "model"
            )
        }
    }

    fileprivate func rank(_ call: APICall) throws(APIError) {
        let request = try RankRequest(call.body)
        call.entry.use(model: request.model)
        let model = try shelf.model(named: request.model)
        guard model.convention.task.kind == .rank else {
            throw APIError.invalid(
                "the task of '\(model.name)' is '\(model.convention.task.kind.rawValue)', which ranks nothing", field: "model")
        }
        let rows = try Self.rows(request.documents, field: "documents") { text throws(RowError) in
            Row(id: "request", query: request.query, ranked: try RankedText(text, relevance: 0, group: ""))
        }
        try weigh(rows, with: model, call) { _, scored -> Double in
            RankTask.score(scored)
        } answer: { scores in
            // Equal scores stay in the order of the request.
            let order = scores.indices.sorted { (scores[$1], $0) < (scores[$0], $1) }.prefix(request.most ?? scores.count)
            let results = order.map { place in
                JSON.object(inOrder: [
                    ("index", .count(place)), ("relevance_score", .number(scores[place])),
                    ("document", ["text": .string(request.documents[place])]),
                ])
            }
            return .object(inOrder: [("model", .string(request.model)), ("results", .array(results))])
        }
    }

    private static func rows(
        _ texts: [String], field: String, _ row: (String) throws(RowError) -> Row
    ) throws(APIError) -> [Row] {
        var rows: [Row] = []
        for text in texts {
            do throws(RowError) {
                rows.append(try row(text))
            } catch {
                throw APIError.invalid("\(error)", field: field)
            }
        }
        return rows
    }

    /// Weighs the answers of rows, one after the other, and answers the request.
    private func weigh<Weight: Sendable>(
        _ rows: [Row], with model: ServedModel, _ call: APICall,
        weight: @escaping @Sendable (Row, [ScoredOption]) -> Weight,
        answer: @escaping @Sendable ([Weight]) -> JSON
    ) throws(APIError) {
        guard case .weighing(let weigher) = model.method else { throw APIError.unavailable("this model weighs nothing") }
        let convention = model.convention
        try weigher.wait { scores in
            do {
                var usage = TokenUsage()
                var weights: [Weight] = []
                for row in rows {
                    let prompt = try convention.promptTokens(of: row)
                    usage.prompt += prompt.count
                    weights.append(weight(row, try scores(of: convention.task.options(of: row) ?? [], after: prompt)))
                }
                call.entry.count(usage, end: nil)
                call.respond(answer(weights))
            } catch {
                call.respond(APIError.invalid("\(error)").response)
            }
        }
    }
}

/// A text's label, and how probable the model holds it to be.
private struct Label: Sendable {
    var text: String
    var logProbability: Double
}

/// Labels of texts: `{"object": "list", "model", "data": [{"index", "label", "log_probability"}]}`.
private struct LabelForm: AnswerForm {
    let model: String
    let hasOpening = false

    func whole(_ answers: [FinishedAnswer], usage: TokenUsage) -> JSON {
        json(
            answers.map { answer in
                Label(
                    text: answer.content, logProbability: answer.tokens.reduce(0) { $0 + Double($1.logProbability) })
            })
    }

    func json(_ labels: [Label]) -> JSON {
        let data = labels.enumerated().map { number, label in
            JSON.object(inOrder: [
                ("index", .count(number)), ("label", .string(label.text)),
                ("log_probability", .number(label.logProbability)),
            ])
        }
        return .object(inOrder: [("object", "list"), ("model", .string(model)), ("data", .array(data))])
    }

    func event(_ delta: AnswerDelta, of choice: Int, behind: ToldTokens) -> JSON { .null }
    func usageEvent(_ usage: TokenUsage) -> JSON { .null }
}
