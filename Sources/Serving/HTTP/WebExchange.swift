import CMicroHTTPD
import Synchronization

/// A request on its way to an answer, which is given once: whole by `respond`, or piece by piece by `begin`, `send` and `end`.
///
/// Any thread may answer. Whoever sends never waits for the client: what it does not read yet is kept.
package final class WebExchange: Sendable {
    private struct State {
        var request: WebRequest
        /// Bytes of the body that are no longer kept, because there are too many.
        var isTooLarge = false
        /// Whether the library waits until it is woken.
        var isSuspended = false
        var response: WebResponse?
        /// Whether a body follows piece by piece.
        var isStreamed = false
        /// Bytes for the client, of which some are sent.
        var pending: [UInt8] = []
        var sent = 0
        var hasEnded = false
        var hasLeft = false
        var onLeave: (@Sendable () -> Void)?
    }

    /// The library's connection as a number, which any thread may hold.
    let connection: UInt
    private let state: Mutex<State>

    init(_ head: WebRequest, connection: UInt) {
        self.connection = connection
        state = Mutex(State(request: head))
    }

    package func respond(_ response: WebResponse) {
        wake { state in
            guard state.response == nil else { return }
            (state.response, state.hasEnded) = (response, true)
        }
    }

    package func begin(_ response: WebResponse) {
        wake { state in
            guard state.response == nil else { return }
            (state.response, state.isStreamed, state.pending) = (response, true, response.body)
        }
    }

    package func send(_ bytes: [UInt8]) { wake { $0.pending += bytes } }

    package func end() { wake { $0.hasEnded = true } }

    /// Calls `handler` once when the client goes away before its answer is whole; at once where it has.
    package func whenClientLeaves(_ handler: @escaping @Sendable () -> Void) {
        let hasLeft = state.withLock { state in
            if !state.hasLeft { state.onLeave = handler }
            return state.hasLeft
        }
        if hasLeft { handler() }
    }

    /// Changes the state and lets the library go on.
    private func wake(_ change: (inout State) -> Void) {
        state.withLock { state in
            change(&state)
            guard state.isSuspended else { return }
            state.isSuspended = false
            MHD_resume_connection(OpaquePointer(bitPattern: connection))
        }
    }
}

/// What the library's thread does with an exchange.
extension WebExchange {
    /// - Parameter most: bytes that a body may have; further ones are not kept.
    func receive(_ bytes: UnsafeRawBufferPointer, atMost most: Int) {
        state.withLock { state in
            guard !state.isTooLarge, state.request.body.count + bytes.count <= most else {
                (state.isTooLarge, state.request.body) = (true, [])
                return
            }
            state.request.body += bytes
        }
    }

    /// The whole request, once; `nil` where its body was too large.
    func takeRequest() -> WebRequest? {
        state.withLock { state in
            defer { state.request.body = [] }
            return state.isTooLarge ? nil : state.request
        }
    }

    enum Step {
        case respond(WebResponse, isStreamed: Bool)
        /// The library waits.
        case wait
        case close
    }

    /// What comes next in place of an answer, or the answer.
    func nextStep() -> Step {
        state.withLock { state in
            if state.hasLeft { return .close }
            if let response = state.response { return .respond(response, isStreamed: state.isStreamed) }
            suspend(&state)
            return .wait
        }
    }

    /// Makes the library wait before anyone may wake it.
    func suspend() { state.withLock { suspend(&$0) } }

    private func suspend(_ state: inout State) {
        state.isSuspended = true
        MHD_suspend_connection(OpaquePointer(bitPattern: connection))
    }

    /// Fills a buffer with the next bytes of a streamed body.
    ///
    /// - Returns: how many; 0 where the library waits for more, or one of its words for an end.
    func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        state.withLock { state in
            // The socket is cut. The library would keep a connection whose body ends with its word for a failure.
            if state.hasLeft { return decant_http_end }
            let count = min(buffer.count, state.pending.count - state.sent)
            guard count > 0 else {
                if state.hasEnded { return decant_http_end }
                suspend(&state)
                return 0
            }
            buffer.copyBytes(from: state.pending[state.sent..<state.sent + count])
            state.sent += count
            if state.sent == state.pending.count {
                state.pending.removeAll(keepingCapacity: true)
                state.sent = 0
            }
            return count
        }
    }

    /// The client is gone; its socket is cut.
    func leave() {
        var handler: (@Sendable () -> Void)?
        wake { state in
            guard !state.hasLeft else { return }
            state.hasLeft = true
            (handler, state.onLeave) = (state.onLeave, nil)
        }
        handler?()
    }

    /// The library is done with the exchange.
    func complete() { state.withLock { $0.onLeave = nil } }
}
