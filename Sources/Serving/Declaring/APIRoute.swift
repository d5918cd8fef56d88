import CanonicalJSON

/// One address of the server, declared once: the router and the OpenAPI document read it.
struct APIRoute: Sendable {
    enum Method: String, Sendable {
        case get = "GET"
        case post = "POST"
    }

    /// What a request is answered with.
    typealias Handler = @Sendable (ModelServer, APICall) throws(APIError) -> Void

    let method: Method
    /// A part in braces stands for any text: `/v1/models/{model}`.
    let path: String
    let summary: String
    /// Whether clients need a key, where the server has keys.
    var needsKey = true
    var fields: RequestFields?
    /// The JSON Schema of the answer; a text's media type where it is none.
    var answer: Answer
    /// Statuses of errors, beside those that every route has.
    var errors: [Int] = []
    let handle: Handler

    enum Answer: Sendable {
        case json(JSON)
        /// JSON or, where the client asks for it, server-sent events of it.
        case jsonOrEvents(JSON)
        case text(type: String)
    }

    /// The parts of a path in the places of the braces; `nil` where the path is another one.
    func parameters(in path: String) -> [String: String]? {
        guard self.path.contains("{") else { return self.path == path ? [:] : nil }
        let wanted = self.path.split(separator: "/", omittingEmptySubsequences: false)
        let given = path.split(separator: "/", omittingEmptySubsequences: false)
        guard wanted.count == given.count else { return nil }
        var parameters: [String: String] = [:]
        for (wanted, given) in zip(wanted, given) {
            if wanted.hasPrefix("{") {
                guard !given.isEmpty else { return nil }
                parameters[String(wanted.dropFirst().dropLast())] = String(given)
            } else if wanted != given {
                return nil
            }
        }
        return parameters
    }

    /// The names in braces.
    var parameterNames: [String] {
        path.split(separator: "/").filter { $0.hasPrefix("{") }.map { String($0.dropFirst().dropLast()) }
    }
}

/// A request at its route.
struct APICall: Sendable {
    let exchange: WebExchange
    let parameters: [String: String]
    /// `null` where the route takes no body.
    let body: JSON
    let entry: LogEntry
    /// Counts as a request of the client's key as long as somebody holds it.
    let permit: APIKeys.Permit?

    func parameter(_ name: String) -> String { parameters[name] ?? "" }

    func respond(_ response: WebResponse) {
        entry.end(status: response.status)
        exchange.respond(response)
    }

    func respond(_ json: JSON) { respond(WebResponse(json)) }
}

/// All addresses of a server.
struct APIRoutes: Sendable {
    let all: [APIRoute]

    enum Match {
        case route(APIRoute, parameters: [String: String])
        /// The path is known, but not with this method.
        case otherMethods([String])
        case none
    }

    func match(_ method: String, _ path: String) -> Match {
        var others: [String] = []
        for route in all {
            guard let parameters = route.parameters(in: path) else { continue }
            if route.method.rawValue == method || route.method == .get && method == "HEAD" {
                return .route(route, parameters: parameters)
            }
            others.append(route.method.rawValue)
        }
        return others.isEmpty ? .none : .otherMethods(others)
    }
}
