import Synchronization

/// What others tell an engine: requests in the order in which they came, and which of them are not wanted any more.
final class AnswerQueue: Sendable {
    typealias Listener = @Sendable (AnswerEvent) -> Void

    /// A request that was taken.
    struct Entry: Sendable {
        let ticket: AnswerTicket
        let request: AnswerRequest
        let onEvent: Listener
    }

    private struct State {
        var waiting: [Entry] = []
        var cancelled: Set<AnswerTicket> = []
        /// Requests that were taken and have not ended.
        var unfinished = 0
        var taken = 0
        /// Cancelled before they started.
        var withdrawn = 0
        var isDraining = false
        var isClosed = false

        /// Whether the engine has to look.
        var hasNews: Bool { !waiting.isEmpty || !cancelled.isEmpty || isClosed }
    }

    private let limit: Int
    private let state = Mutex(State())
    /// Something came; something ended.
    private let arrival = ConditionVariable()
    private let ending = ConditionVariable()

    /// - Parameter limit: requests that may wait.
    init(limit: Int) { self.limit = max(1, limit) }

    // MARK: For those who ask

    func add(_ request: AnswerRequest, _ onEvent: @escaping Listener) throws(AnswerRefusal) -> AnswerTicket {
        let result = state.withLock { state -> Result<AnswerTicket, AnswerRefusal> in
            if state.isDraining || state.isClosed { return .failure(.draining) }
            if state.waiting.count >= limit { return .failure(.full(waiting: state.waiting.count)) }
            let ticket = AnswerTicket(id: state.taken)
            state.waiting.append(Entry(ticket: ticket, request: request, onEvent: onEvent))
            state.taken += 1
            state.unfinished += 1
            return .success(ticket)
        }
        switch result {
        case .failure(let refusal): throw refusal
        case .success(let ticket):
            arrival.wakeAll()
            return ticket
        }
    }

    func cancel(_ ticket: AnswerTicket) {
        let wasWaiting = state.withLock { state -> Bool in
            guard let place = state.waiting.firstIndex(where: { $0.ticket == ticket }) else {
                if state.unfinished > 0 { state.cancelled.insert(ticket) }
                return false
            }
            state.waiting.remove(at: place)
            state.unfinished -= 1
            state.withdrawn += 1
            return true
        }
        if wasWaiting { ending.wakeAll() } else { arrival.wakeAll() }
    }

    /// Takes no more requests; returns when all have ended.
    func drain() {
        state.withLock { $0.isDraining = true }
        ending.wait { state.withLock { $0.unfinished > 0 } }
    }

    /// Has the engine end.
    func close() {
        state.withLock { $0.isClosed = true }
        arrival.wakeAll()
    }

    var waitingCount: Int { state.withLock { $0.waiting.count } }
    var withdrawnCount: Int { state.withLock { $0.withdrawn } }

    // MARK: For the engine

    /// Returns when there is something to do, at once where the engine is busy.
    ///
    /// - Returns: `false` when the engine shall end.
    func waitForWork(isBusy: Bool) -> Bool {
        if !isBusy { arrival.wait { state.withLock { !$0.hasNews } } }
        return state.withLock { !$0.isClosed }
    }

    /// The request that waits longest.
    func takeNext() -> Entry? {
        state.withLock { $0.waiting.isEmpty ? nil : $0.waiting.removeFirst() }
    }

    /// What was cancelled after it left the queue.
    func takeCancelled() -> Set<AnswerTicket> {
        state.withLock { state in
            defer { state.cancelled = [] }
            return state.cancelled
        }
    }

    /// Counts requests that have ended.
    func finish(_ count: Int) {
        state.withLock { $0.unfinished -= count }
        ending.wakeAll()
    }
}
