import Foundation
import HTTP

/// A server of http and who asks there: a login goes to this server alone, and only where it wants one.
struct LoginServer: Sendable {
    let url: URL
    let credentials: Credentials
    let settings: NetworkSettings
    let connections: ConnectionPool

    init(_ url: URL, credentials: Credentials, settings: NetworkSettings) {
        self.url = url
        self.credentials = credentials
        self.settings = settings
        connections = ConnectionPool(settings)
    }

    /// Another place of the same server, or of another one: the login is for the same server only.
    func at(_ other: URL) -> LoginServer {
        let isSame = WebOrigin(other) == WebOrigin(url)
        return LoginServer(other, credentials: isSame ? credentials : Credentials(for: other), settings: settings)
    }

    /// Sends a request. If this server asks for a login, sends it once more with one.
    func exchange(_ request: HTTPRequest, to sink: any HTTPSink) throws(HTTPFailure) -> HTTPAnswer {
        var request = request
        let isOurs = WebOrigin(request.url) == WebOrigin(url)
        let isSigned = request.headers.contains { $0.name.lowercased() == "authorization" }
        if isOurs, !isSigned, let login = credentials.known { request.headers.append(("Authorization", login.header)) }
        let answer = try connections.send(request, to: sink)
        // A server that this one led to may ask as well; its question is not for this login.
        let isAnswerOfOurs = answer.url.map { WebOrigin($0) == WebOrigin(url) } ?? false
        guard answer.status == 401, isOurs, isAnswerOfOurs, !isSigned, credentials.known == nil, let login = credentials.ask(),
            request.body?.rewind() ?? true
        else { return answer }
        request.headers.append(("Authorization", login.header))
        sink.restart()
        return try connections.send(request, to: sink)
    }

    /// Where a git server sends who asks for its repository; `nil` where it sends nobody anywhere.
    func redirection(for service: String) throws(HTTPFailure) -> URL? {
        let question = "/info/refs"
        var text = url.absoluteString
        while text.hasSuffix("/") { text.removeLast() }
        guard let address = URL(string: "\(text)\(question)?service=\(service)") else { return nil }
        var request = HTTPRequest(url: address)
        request.timeout = 60
        let answer = try exchange(request, to: AnyBytes())
        guard let target = answer.url, target != address else { return nil }
        var components = URLComponents(url: target, resolvingAgainstBaseURL: true)
        components?.query = nil
        guard let path = components?.path, path.hasSuffix(question) else {
            throw HTTPFailure(reason: "it redirects to \(target.absoluteString), which is no git repository", mayPass: false)
        }
        components?.path = String(path.dropLast(question.count))
        return components?.url
    }
}

/// Takes what comes, and keeps nothing.
private final class AnyBytes: HTTPSink {
    func restart() {}
    func receive(_ bytes: UnsafeRawBufferPointer, answer: HTTPAnswer) -> Bool { true }
}
