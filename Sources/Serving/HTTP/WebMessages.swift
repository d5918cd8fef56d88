/// What a client asks.
package struct WebRequest: Sendable {
    package var method: String
    /// Without the query.
    package var path: String
    /// Names in lower case.
    package var headers: [String: String]
    package var body: [UInt8] = []

    package init(method: String, path: String, headers: [String: String], body: [UInt8] = []) {
        (self.method, self.path, self.headers, self.body) = (method, path, headers, body)
    }
}

/// What a client is told; a body that comes piece by piece is sent by `WebExchange`.
package struct WebResponse: Sendable {
    package var status: Int
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]

    package init(_ status: Int, type: String, body: [UInt8] = [], headers: [(name: String, value: String)] = []) {
        self.status = status
        self.headers = [("Content-Type", type)] + headers
        self.body = body
    }
}

/// How much of the machine clients may hold.
package struct WebLimits: Sendable {
    /// Connections at one time.
    package var connections = 12_000
    /// Bytes of a request's line and headers.
    package var headBytes = 32 << 10
    /// Bytes of a request's body.
    package var bodyBytes = 4 << 20
    /// Seconds from the connection, or from the last answer, until the next request's head has come.
    package var headSeconds = 60.0
    /// Seconds from a request's head to the end of its body.
    package var bodySeconds = 60.0
    /// Seconds without a byte after which a client that reads its answer too slowly is let go.
    package var idleSeconds = 60

    package init() {}
}

/// What answers requests.
package struct WebService: Sendable {
    /// Refuses a request by its head, before its body is read; `nil` reads on.
    package var refusal: @Sendable (_ head: WebRequest) -> WebResponse?
    /// Answers a whole request, now or later, from any thread.
    package var answer: @Sendable (_ request: WebRequest, _ exchange: WebExchange) -> Void
    /// What a client is told whose body has too many bytes.
    package var tooLarge = WebResponse(413, type: "text/plain", body: Array("the body is too large\n".utf8))

    package init(
        refusal: @escaping @Sendable (_ head: WebRequest) -> WebResponse? = { _ in nil },
        answer: @escaping @Sendable (_ request: WebRequest, _ exchange: WebExchange) -> Void
    ) {
        (self.refusal, self.answer) = (refusal, answer)
    }
}
