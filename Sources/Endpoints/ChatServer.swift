import BuildModel
import CanonicalJSON
import Foundation
import HTTP

/// A server with the chat completions interface of OpenAI.
struct ChatServer: Sendable {
    /// The result of one attempt at a question.
    enum Reply: Sendable {
        case answered(ChatExchange)
        /// It may answer next time, though not before so many seconds.
        case failed(reason: String, wait: Double?)
        /// It will never answer.
        case refused(EndpointError)
    }

    private let url: URL
    private let key: Secret?
    private let timeout: Double
    private let connections: ConnectionPool

    /// Bytes of an answer, at most.
    private static let largestAnswer = 16 << 20

    init(_ access: EndpointAccess, key: Secret?, settings: NetworkSettings) throws(EndpointError) {
        guard var components = URLComponents(string: access.url), ["http", "https"].contains(components.scheme),
            components.host?.isEmpty == false, !access.url.hasControlCharacters
        else { throw .badURL(access.url) }
        while components.path.hasSuffix("/") { components.path.removeLast() }
        components.path += "/chat/completions"
        guard let url = components.url else { throw .badURL(access.url) }
        (self.url, self.key) = (url, key)
        timeout = access.timeout
        connections = ConnectionPool(settings)
    }

    /// The address without what may open it, for messages.
    var label: String {
        var components = URLComponents(url: url, resolvingAgainstBaseURL: false)
        components?.user = nil
        components?.password = nil
        components?.query = nil
        return components?.string ?? "the server"
    }

    /// Asks once.
    func ask(_ question: ChatQuestion) -> Reply {
        var headers = [("Content-Type", "application/json"), ("Accept", "application/json")]
        if let key { headers.append(("Authorization", key.header)) }
        var request = HTTPRequest(method: .post, url: url, headers: headers, body: BytesBody(question.body))
        request.redirections = 0
        request.timeout = timeout
        let sink = BytesSink(limit: Self.largestAnswer)
        do {
            let answer = try connections.send(request, to: sink)
            return reply(to: question, answer, sink.bytes)
        } catch {
            let reason = error.isOwn ? "its answer is larger than \(Self.largestAnswer) bytes" : error.reason
            return .failed(reason: reason, wait: nil)
        }
    }

    private func reply(to question: ChatQuestion, _ answer: HTTPAnswer, _ body: [UInt8]) -> Reply {
        let json = (try? JSON(parsing: body)).map(withoutKey)
        guard answer.isSuccess else {
            let message = Self.message(in: json)
            if answer.mayPass || answer.status == 409, json?["error"]?["code"] != "insufficient_quota" {
                return .failed(
                    reason: "HTTP status \(answer.status)" + (message.isEmpty ? "" : ": \(message)"),
                    wait: answer.retryAfter)
            }
            return .refused(
                .refused(url: label, status: answer.status, message: message, keyWasSent: key != nil))
        }
        guard let json else { return .failed(reason: "its answer is not JSON", wait: nil) }
        guard json["choices"]?[0]?["message"]?.object != nil else {
            let message = Self.message(in: json)
            return .failed(reason: "its answer has no choice" + (message.isEmpty ? "" : ": \(message)"), wait: nil)
        }
        return .answered(ChatExchange(question, answer: json))
    }

    /// What the server says with a failure: a line, not too long.
    private static func message(in json: JSON?) -> String {
        let error = json?["error"]
        let text = error?["message"]?.string ?? error?.string ?? json?["message"]?.string ?? json?["detail"]?.string ?? ""
        return String(
            String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? " " : $0 }).prefix(300))
    }

    /// A value in which no text holds the key.
    private func withoutKey(_ json: JSON) -> JSON {
        guard let key else { return json }
        switch json {
        case .string(let text): return .string(key.removed(from: text))
        case .array(let elements): return .array(elements.map(withoutKey))
        case .object(let object):
            let pairs = object.members.map { (key.removed(from: $0.key), withoutKey($0.value)) }
            return .object(Dictionary(pairs, uniquingKeysWith: { first, _ in first }))
        default: return json
        }
    }
}

/// Why a model behind a server gave no answer, in a sentence; never with a key.
package struct EndpointError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }

    static func badURL(_ url: String) -> EndpointError {
        EndpointError("'\(url)' is not the URL of a server; write 'url: https://HOST/v1'")
    }

    /// The server will not answer however often it is asked.
    static func refused(url: String, status: Int, message: String, keyWasSent: Bool) -> EndpointError {
        EndpointError(
            "\(url) answered with HTTP status \(status)" + (message.isEmpty ? "" : ": \(message)")
                + "; \(fix(for: status, keyWasSent)); what was answered before is recorded")
    }

    private static func fix(for status: Int, _ keyWasSent: Bool) -> String {
        switch status {
        case 300..<400: "the server has moved: write its new address as 'url'"
        case 401 where keyWasSent, 403 where keyWasSent:
            "look at the key in the variable that 'api_key_env' names"
        case 401, 403:
            "no key was sent: put it into an environment variable, name that as 'api_key_env', and allow it for the host with "
                + "`decant trust secret NAME HOST`"
        case 404, 405: "look at 'url', which ends in /v1 with most servers, and at 'model'"
        case 429: "the account is used up: look at the server's bill"
        default: "the server does not take this request: look at 'model', 'max_tokens' and 'temperature'"
        }
    }
}
