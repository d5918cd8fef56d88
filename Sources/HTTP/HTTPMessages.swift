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
    /// Seconds after which a transfer without a timeout has to come to 8 KiB a second in the mean.
    package var patience = 60.0
    /// Asked about once a second, and whenever bytes come: whether to break the transfer off.
    package var isCancelled: (() -> Bool)?

    package init(
        method: Method = .get, url: URL, headers: [(name: String, value: String)] = [], body: (any HTTPBody)? = nil
    ) {
        (self.method, self.url, self.headers, self.body) = (method, url, headers, body)
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
    /// Who answered, after redirections; `nil` before the answer is whole.
    package var url: URL?
    package var isSuccess: Bool { (200..<300).contains(status) }
    /// Whether the same request may be answered otherwise next time.
    package var mayPass: Bool { Self.mayPass(status) }

    /// A server that cannot do something, or is full, will not do it a second later.
    package static func mayPass(_ status: Int) -> Bool {
        [408, 425, 429].contains(status) || status >= 500 && ![501, 505, 507, 511].contains(status)
    }

    /// Seconds after which the server wants to be asked again, where it says so.
    package var retryAfter: Double? { RetryAfter.seconds(headers["retry-after"]) }
}

/// No answer came, or not all of it.
package struct HTTPFailure: Error, Sendable {
    package var reason: String
    /// Whether the sink, the body or a cancellation broke it off, which knows why.
    package var isOwn: Bool
    /// Whether the same request may get an answer next time.
    package var mayPass: Bool

    package init(reason: String, isOwn: Bool = false, mayPass: Bool = true) {
        (self.reason, self.isOwn, self.mayPass) = (reason, isOwn, mayPass)
    }
}

/// A few bytes as a body.
package final class BytesBody: HTTPBody {
    private let bytes: [UInt8]
    private var position = 0

    package init(_ bytes: [UInt8]) { self.bytes = bytes }

    package var size: Int { bytes.count }

    package func read(into buffer: UnsafeMutableRawBufferPointer) -> Int? {
        let count = min(buffer.count, bytes.count - position)
        buffer.copyBytes(from: bytes[position..<position + count])
        position += count
        return count
    }

    package func rewind() -> Bool {
        position = 0
        return true
    }
}

/// A short answer, kept.
package final class BytesSink: HTTPSink {
    package private(set) var bytes: [UInt8] = []
    private let limit: Int

    package init(limit: Int) { self.limit = limit }

    package func restart() { bytes = [] }

    package func receive(_ bytes: UnsafeRawBufferPointer, answer: HTTPAnswer) -> Bool {
        guard self.bytes.count + bytes.count <= limit else { return false }
        self.bytes += bytes
        return true
    }
}
