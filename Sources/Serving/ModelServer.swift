import CanonicalJSON
import Engine
import Foundation
import Synchronization

/// Serves models by OpenAI's interface over HTTP.
package final class ModelServer: Sendable {
    /// What a server is told of its surroundings.
    package struct Settings: Sendable {
        package var limits = ServingLimits()
        /// `nil` for anyone.
        package var keys: APIKeys?
        /// Takes the access log's lines; `nil` for none.
        package var log: (@Sendable (JSON) -> Void)?
        /// Called where a model's engine broke.
        package var onEngineFailure: @Sendable (_ model: String, _ reason: String) -> Void = { _, _ in }
        /// Of the program, for the OpenAPI document.
        package var version: String

        package init(version: String) { self.version = version }
    }

    let shelf: ModelShelf
    let conduct: Conduct
    let settings: Settings
    let routes = APIRoutes(all: APIRoutes.model + APIRoutes.conduct + APIRoutes.page)
    let began = Int(Date().timeIntervalSince1970)
    private let numbers = Mutex(0)
    private let draining = Mutex(false)
    private let web = Mutex<WebServer?>(nil)

    package init(_ models: [ServedModel], _ settings: Settings) {
        let shelf = ModelShelf(models)
        self.shelf = shelf
        self.settings = settings
        conduct = Conduct(settings.limits, log: AccessLog(settings.log)) { model, reason in
            // What broke may have been replaced already.
            if shelf[model.name] === model { settings.onEngineFailure(model.name, reason) }
        }
    }

    /// Takes connections from here on.
    ///
    /// - Returns: the address, with the port that the system chose.
    /// - Throws: `ListeningFailure`; what `WebServer` throws.
    package func listen(at place: ListeningSocket.Address) throws -> ListeningSocket.Address {
        let tooLarge = APIError(
            status: 413, kind: .invalidRequest,
            message: "the body has more than \(settings.limits.web.bodyBytes) bytes", code: "body_too_large")
        var service = WebService(
            refusal: { [weak self] head in self?.refusal(of: head) },
            answer: { [weak self] request, exchange in self?.answer(request, exchange) })
        service.tooLarge = tooLarge.response
        let server = try WebServer(at: place, limits: settings.limits.web, service)
        web.withLock { $0 = server }
        return server.address
    }

    /// Serves another model under its name; answers in progress end with the one before it.
    package func replace(_ model: ServedModel) { shelf.replace(model) }

    /// Takes no more requests, lets the answers in progress end, and stops.
    package func drain() {
        draining.withLock { $0 = true }
        let server = web.withLock { $0 }
        server?.stopListening()
        server?.waitForExchanges(atMost: settings.limits.drainSeconds)
        conduct.endAll(.unavailable("the server stops"))
        server?.waitForExchanges(atMost: 1)
        server?.stop()
        web.withLock { $0 = nil }
        for model in shelf.all { model.engine?.close() }
        conduct.log.flush()
    }

    var isDraining: Bool { draining.withLock { $0 } }
    var connections: Int { web.withLock { $0?.connections ?? 0 } }

    /// A name for an answer.
    func newID(_ prefix: String) -> String {
        let number = numbers.withLock { number in
            number += 1
            return number
        }
        return "\(prefix)-\(String(began, radix: 16))-\(number)"
    }
}

// MARK: Requests

extension ModelServer {
    /// What is wrong with a request by its head; `nil` where nothing is.
    private func refusal(of head: WebRequest) -> WebResponse? {
        let entry: (String?) -> LogEntry = { [conduct] route in
            LogEntry(head, route: route, log: conduct.log, figures: conduct.figures)
        }
        func refused(_ error: APIError, route: String?, allow: String? = nil) -> WebResponse {
            entry(route).end(status: error.status)
            var response = error.response
            if let allow { response.headers.append((name: "Allow", value: allow)) }
            return response
        }
        switch routes.match(head.method, head.path) {
        case .none: return refused(.missing("there is no address '\(head.path)'", code: "unknown_url"), route: nil)
        case .otherMethods(let methods):
            let error = APIError(
                status: 405, kind: .invalidRequest, message: "'\(head.path)' takes \(methods.joined(separator: " and "))",
                code: "method_not_allowed")
            return refused(error, route: nil, allow: methods.joined(separator: ", "))
        case .route(let route, _):
            if route.needsKey, settings.keys?.knows(head.headers["authorization"]) == false {
                return refused(.unauthorized, route: route.path)
            }
            if route.fields != nil, !Self.isJSON(head.headers["content-type"]) {
                let error = APIError(
                    status: 415, kind: .invalidRequest, message: "send JSON, with 'Content-Type: application/json'",
                    code: "unsupported_media_type")
                return refused(error, route: route.path)
            }
            return nil
        }
    }

    /// Pages of other sites cannot send this type without asking first, which no answer allows.
    private static func isJSON(_ type: String?) -> Bool {
        type?.lowercased().split(separator: ";").first.map { $0.trimmingCharacters(in: .whitespaces) } == "application/json"
    }

    private func answer(_ request: WebRequest, _ exchange: WebExchange) {
        guard case .route(let route, let parameters) = routes.match(request.method, request.path) else { return }
        let entry = LogEntry(request, route: route.path, log: conduct.log, figures: conduct.figures)
        do throws(APIError) {
            let permit = try admit(request, at: route, entry)
            let body = try route.fields == nil ? JSON.null : Self.body(of: request)
            let call = APICall(exchange: exchange, parameters: parameters, body: body, entry: entry, permit: permit)
            try route.handle(self, call)
        } catch {
            entry.end(status: error.status)
            exchange.respond(error.response)
        }
    }

    private func admit(_ request: WebRequest, at route: APIRoute, _ entry: LogEntry) throws(APIError) -> APIKeys.Permit? {
        guard route.needsKey else { return nil }
        let header = request.headers["authorization"]
        entry.use(key: settings.keys?.name(of: header))
        let permit = try settings.keys?.admit(header)
        guard !isDraining || route.fields == nil else {
            throw APIError.unavailable("the server stops; ask another one", retryAfter: 5)
        }
        return permit
    }

    private static func body(of request: WebRequest) throws(APIError) -> JSON {
        do throws(JSONError) {
            return try JSON(parsingAsWritten: request.body, maximumDepth: 64)
        } catch {
            throw APIError.invalid("the body is not JSON: \(error)", code: "invalid_json")
        }
    }
}
