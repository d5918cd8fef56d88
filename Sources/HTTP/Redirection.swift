import Foundation

/// Where a server sends a request, and what of the request goes there.
enum Redirection {
    private static let statuses: Set = [301, 302, 303, 307, 308]

    /// Headers that say nothing of who asks.
    private static let open: Set = [
        "accept", "accept-encoding", "content-type", "expect", "if-range", "range", "user-agent",
    ]

    static func isOne(_ answer: HTTPAnswer) -> Bool {
        statuses.contains(answer.status) && answer.headers["location"]?.isEmpty == false
    }

    /// The request that a redirection asks for. To another scheme, host or port goes no header that may hold a login, and none
    /// comes back when a further redirection leads home.
    static func request(after answer: HTTPAnswer, to request: HTTPRequest) throws(HTTPFailure) -> HTTPRequest {
        let text = answer.headers["location"] ?? ""
        guard !text.hasControlCharacters, let url = URL(string: text, relativeTo: request.url)?.absoluteURL,
            let target = WebOrigin(url)
        else { throw HTTPFailure(reason: "it redirects to an address that cannot be used", mayPass: false) }
        let source = WebOrigin(request.url)
        guard source?.scheme != "https" || target.scheme == "https" else {
            throw HTTPFailure(reason: "it redirects from an encrypted connection to one that is not", mayPass: false)
        }
        guard request.body?.rewind() ?? true else {
            throw HTTPFailure(reason: "it redirects, and what was sent cannot be sent once more")
        }
        var next = request
        next.url = url
        next.redirections -= 1
        if target != source { next.headers = request.headers.filter { open.contains($0.name.lowercased()) } }
        return next.withLoginAsHeader
    }
}

extension HTTPRequest {
    /// The user and the password of an address as a header, which a redirection to another server does not take along.
    var withLoginAsHeader: HTTPRequest {
        guard let user = url.user(percentEncoded: false),
            var components = URLComponents(url: url, resolvingAgainstBaseURL: true)
        else { return self }
        var request = self
        let login = "\(user):\(url.password(percentEncoded: false) ?? "")"
        components.user = nil
        components.password = nil
        request.url = components.url ?? url
        if !headers.contains(where: { $0.name.lowercased() == "authorization" }) {
            request.headers.append(("Authorization", "Basic " + Data(login.utf8).base64EncodedString()))
        }
        return request
    }
}
