import BuildModel
import CanonicalJSON
import Foundation
import HTTP
import Store

extension LFSServer {
    /// An action's headers, and those that go with it unless it says otherwise.
    func headers(
        of action: LFSBatch.Action, unless defaults: [(name: String, value: String)] = []
    ) -> [(name: String, value: String)] {
        let named = Set(action.headers.map { $0.name.lowercased() })
        return action.headers.filter { $0.name.lowercased() != "transfer-encoding" }
            + defaults.filter { !named.contains($0.name.lowercased()) }
    }

    /// Sends a request; where the server wants to know who asks, once more with a login, to this server only.
    func exchange(_ request: HTTPRequest, to sink: any HTTPSink) throws(HTTPFailure) -> HTTPAnswer {
        var request = request
        let isOurs = (request.url.scheme, request.url.host, request.url.port) == (url.scheme, url.host, url.port)
        let isSigned = request.headers.contains { $0.name.lowercased() == "authorization" }
        if isOurs, !isSigned, let login = credentials.known { request.headers.append(("Authorization", login.header)) }
        let answer = try connections.send(request, to: sink)
        guard answer.status == 401, isOurs, !isSigned, credentials.known == nil, let login = credentials.ask(),
            request.body?.rewind() ?? true
        else { return answer }
        request.headers.append(("Authorization", login.header))
        sink.restart()
        return try connections.send(request, to: sink)
    }

    func refusal(_ answer: HTTPAnswer, _ target: URL, _ body: [UInt8]) -> SharingError {
        if answer.status == 401 { return .needsLogin(url: shown(target)) }
        let message = (try? JSON(parsing: body))?["message"]?.string ?? ""
        return .refused(url: shown(target), status: answer.status, message: String(message.prefix(300)))
    }

    /// An address as it may be printed: a query may hold what opens it.
    func shown(_ url: URL) -> String {
        guard var components = URLComponents(url: url, resolvingAgainstBaseURL: true) else { return "the server" }
        components.user = nil
        components.password = nil
        components.query = nil
        return components.string ?? "the server"
    }
}
