import Foundation

/// What goes to a server.
package struct HTTPRequest {
    package enum Method: String, Sendable {
        case get = "GET"
        case put = "PUT"
        case post = "POST"
    }

    package var method: Method
    package var url: URL
    package var headers: [(name: String, value: String)]
    /// Gives the next bytes of the body, none at its end; `nil` breaks the transfer off.
    package var body: (any HTTPBody)?
    /// Redirections that are followed, at most.
    package var redirections = 8
    /// Seconds until the whole answer has to be there; where `nil`, a minute without a byte is an end.
    package var timeout: Double?

    package init(
        method: Method = .get, url: URL, headers: [(name: String, value: String)] = [], body: (any HTTPBody)? = nil
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
    }
}

/// A body that is read piece by piece, from its beginning if need be.
package protocol HTTPBody: AnyObject {
    var size: Int { get }
    func read(into buffer: UnsafeMutableRawBufferPointer) -> Int?
    func rewind() -> Bool
}

/// What becomes of the answer's body.
package protocol HTTPSink: AnyObject {
    /// Forgets an answer: the request goes out once more.
    func restart()

    /// - Returns: whether to go on.
    func receive(_ bytes: UnsafeRawBufferPointer, answer: HTTPAnswer) -> Bool
}

/// What a server says before its body.
package struct HTTPAnswer: Sendable {
    package var status: Int
    /// Names in lower case.
    package var headers: [String: String]
    package var isSuccess: Bool { (200..<300).contains(status) }
}

/// No answer came, or not all of it.
package struct HTTPFailure: Error, Sendable {
    package var reason: String
    /// Whether the sink or the body broke it off, which knows why.
    package var isOwn: Bool

    package init(reason: String, isOwn: Bool = false) {
        self.reason = reason
        self.isOwn = isOwn
    }
}
