import CanonicalJSON

/// What was measured of one request.
package struct MeasuredRequest: Hashable, Sendable {
    /// When it was to go out, and when it went.
    package var due: Nanoseconds
    package var sent: Nanoseconds
    /// When the first and the last piece of the answer came; `nil` where none did.
    package var first: Nanoseconds?
    package var last: Nanoseconds?
    /// When the response was whole, or failed.
    package var end: Nanoseconds
    /// Seconds between one piece and the next.
    package var gaps: [Float] = []
    /// Of the answer, which may hold several tokens each.
    package var pieces = 0
    /// `nil` where the server counts no tokens.
    package var usage: TokenUsage?
    /// Why it has no answer; `nil` where it has one.
    package var failure: String?
    /// Whether the server answered, and gave none.
    package var isRefused = false

    package init(
        due: Nanoseconds, sent: Nanoseconds, first: Nanoseconds? = nil, last: Nanoseconds? = nil, end: Nanoseconds
    ) {
        (self.due, self.sent, self.first, self.last, self.end) = (due, sent, first, last, end)
    }

    /// As the server counts them; the pieces where it does not.
    var answerTokens: Int { usage?.answer ?? pieces }

    /// Seconds from the time at which it was due to the response's end.
    var responseTime: Double { Self.seconds(end - due) }

    /// Seconds until the first piece of the answer.
    var timeToFirstToken: Double? { first.map { Self.seconds($0 - due) } }

    /// Seconds a token behind the first one; `nil` for answers of fewer than two tokens.
    var timePerOutputToken: Double? {
        guard let first, let last, answerTokens > 1 else { return nil }
        return Self.seconds(last - first) / Double(answerTokens - 1)
    }

    static func seconds(_ time: Nanoseconds) -> Double { Double(time) / 1e9 }
}

/// Reads the answer to one request as its bytes come, and takes the times.
final class AnswerReader {
    private var request: MeasuredRequest
    private var response = ResponseReader()
    private var events = EventReader()
    private var hasEvents = false
    /// The beginning of what a server says that gives no answer.
    private var refusal: [UInt8] = []

    private static let mostRefusal = 4096

    init(due: Nanoseconds, sent: Nanoseconds) { request = MeasuredRequest(due: due, sent: sent, end: sent) }

    var due: Nanoseconds { request.due }
    var sent: Nanoseconds { request.sent }
    var hasBegun: Bool { response.hasBegun }
    /// Whether no further bytes belong to it.
    var isOver: Bool { response.isWhole || request.failure != nil }
    /// Whether its connection can take another request.
    var keepsConnection: Bool { response.isWhole && response.keepsConnection }

    func read(_ bytes: UnsafeRawBufferPointer, at now: Nanoseconds) {
        do throws(MalformedResponse) {
            try response.read(bytes) { status, body in
                if status == 200 {
                    events.read(body) { take(StreamEvent($0), at: now) }
                } else if refusal.count < Self.mostRefusal {
                    refusal.append(contentsOf: body)
                }
            }
            if events.isTooLong { fail("an event of the stream has no end") }
        } catch {
            fail("its response is malformed: \(error.reason)")
        }
    }

    /// The connection has ended, or is broken.
    func endConnection(_ reason: String) {
        if !response.end() { fail(reason) }
    }

    func fail(_ reason: String) { request.failure = request.failure ?? reason }

    /// What was measured, once it is over.
    func measured(at now: Nanoseconds) -> MeasuredRequest {
        request.end = now
        if response.status != 0, response.status != 200 {
            request.isRefused = true
            request.failure = "HTTP status \(response.status)" + Self.message(in: refusal)
        } else if !hasEvents {
            fail("it is no stream of events")
        }
        return request
    }

    private func take(_ event: StreamEvent, at now: Nanoseconds) {
        hasEvents = true
        if event.isMalformed { fail("an event of the stream is not of the interface") }
        if let error = event.error { fail("the server broke off: \(error)") }
        if let usage = event.usage { request.usage = usage }
        guard event.hasContent else { return }
        if let last = request.last {
            request.gaps.append(Float(MeasuredRequest.seconds(now - last)))
        } else {
            request.first = now
        }
        request.last = now
        request.pieces += 1
    }

    /// `: the message`, as most servers give it.
    private static func message(in body: [UInt8]) -> String {
        guard let json = try? JSON(parsing: body) else { return "" }
        let text = json["error"]?["message"]?.string ?? json["error"]?.string ?? json["message"]?.string ?? ""
        return text.isEmpty ? "" : ": \(text.prefix(200))"
    }
}
