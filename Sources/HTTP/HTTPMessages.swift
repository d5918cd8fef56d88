import Foundation

/// What goes to a server.
public struct HTTPRequest {
    public enum Method: String, Sendable { case get = "GET", put = "PUT", post = "POST" }

    public var method: Method
    public var url: URL
    public var headers: [(name: String, value: String)]
    /// Gives the next bytes of the body, none at its end; `nil` breaks the transfer off.
    public var body: (any HTTPBody)?
    /// Redirections that are followed, at most.
    public var redirections = 8
    /// Seconds until the whole answer has to be there; where `nil`, a minute without a byte is an end.
    public var timeout: Double?

    public init(
        method: Method = .get, url: URL, headers: [(name: String, value: String)] = [], body: (any HTTPBody)? = nil
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
    }
}

/// A body that is read piece by piece, from its beginning if need be.
public protocol HTTPBody: AnyObject {
    var size: Int { get }
    func read(into buffer: UnsafeMutableRawBufferPointer) -> Int?
    func rewind() -> Bool
}

/// What becomes of the answer's body.
public protocol HTTPSink: AnyObject {
    /// Forgets an answer: the request goes out once more.
    func restart()

    /// - Returns: whether to go on.
    func receive(_ bytes: UnsafeRawBufferPointer, answer: HTTPAnswer) -> Bool
}

/// What a server says before its body.
public struct HTTPAnswer: Sendable {
    public var status: Int
    /// Names in lower case.
    public var headers: [String: String]
    public var isSuccess: Bool { (200..<300).contains(status) }
}

/// No answer came, or not all of it.
public struct HTTPFailure: Error, Sendable {
    public var reason: String
    /// Whether the sink or the body broke it off, which knows why.
    public var isOwn: Bool

    public init(reason: String, isOwn: Bool = false) {
        self.reason = reason
        self.isOwn = isOwn
    }
}
