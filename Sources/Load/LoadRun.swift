import CanonicalJSON
import Foundation

/// One load while it is put on a server.
final class LoadRun {
    private let load: Load
    private let client: LoadClient
    private let request: (Int) -> [UInt8]
    private let queue: EventQueue
    private var connections: [LoadConnection] = []
    /// Numbers of connections without a request, where requests come at times of their own.
    private var idle: [Int] = []
    /// Connections that wait after a failure, and until when; the earliest first.
    private var resting: [(until: Nanoseconds, number: Int)] = []
    /// Requests that have gone out, or wait for a connection.
    private var issued = 0
    private var onTheirWay = 0
    private var records: [MeasuredRequest] = []
    private var start: Nanoseconds = 0
    private var alarm: Nanoseconds?
    /// Requests in a row to which no server answered at all.
    private var unanswered = 0

    /// Connections that are open at once.
    private static let mostConnections = 8192
    /// A client whose request failed waits so long: a server that is full is not asked without pause.
    private static let rest: Nanoseconds = 100_000_000
    private static let mostUnanswered = 100
    private static let bufferSize = 256 << 10

    init(_ load: Load, of client: LoadClient, request: @escaping (Int) -> [UInt8]) throws(LoadFailure) {
        (self.load, self.client, self.request) = (load, client, request)
        queue = try EventQueue()
    }

    func record() throws(LoadFailure) -> LoadRecord {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.bufferSize, alignment: 16)
        defer { buffer.deallocate() }
        let processorTime = Self.threadTime
        start = MonotonicClock.now
        var nextCheck = start
        if case .closed(let clients, _, _) = load {
            for _ in 0..<clients { ask(newConnection(), at: start) }
        }
        while onTheirWay > 0 || mayAskMore {
            askWhatIsDue()
            setAlarm()
            for event in queue.wait(milliseconds: 1000) {
                if let ended = connections[event.number].go(event, reading: buffer) { take(ended, of: event.number) }
            }
            let now = MonotonicClock.now
            if now >= nextCheck {
                nextCheck = now + 1_000_000_000
                giveUpWhatIsLate(now)
            }
            guard unanswered < Self.mostUnanswered else {
                throw LoadFailure(
                    "\(unanswered) requests in a row got no answer; the last: \(records.last?.failure ?? "nothing came")")
            }
        }
        let end = records.map(\.end).max() ?? 0
        return LoadRecord(
            requests: records, seconds: MeasuredRequest.seconds(end),
            ownProcessorSeconds: MeasuredRequest.seconds(Self.threadTime - processorTime))
    }

    /// Whether further requests are to go out.
    private var mayAskMore: Bool {
        switch load {
        case .closed(_, let requests, let seconds):
            let isLate = seconds.map { MeasuredRequest.seconds(MonotonicClock.now - start) >= $0 } ?? false
            return !isLate && issued < requests ?? Load.mostRequests
        case .open(let arrivals): return issued < arrivals.count
        }
    }

    /// When the request with a number is due; `nil` where that depends on answers.
    private func dueTime(of number: Int) -> Nanoseconds? {
        guard case .open(let arrivals) = load, number < arrivals.count else { return nil }
        return start + Nanoseconds(arrivals[number] * 1e9)
    }

    private func askWhatIsDue() {
        let now = MonotonicClock.now
        while let due = dueTime(of: issued), due <= now, !idle.isEmpty || connections.count < Self.mostConnections {
            ask(idle.popLast() ?? newConnection(), at: due)
        }
        while let first = resting.first, first.until <= now {
            resting.removeFirst()
            ask(first.number, at: now)
        }
    }

    /// Rings at the next time at which a request is due.
    private func setAlarm() {
        let next = [dueTime(of: issued), resting.first?.until].compactMap(\.self).min()
        guard next != alarm else { return }
        alarm = next
        queue.setAlarm(next)
    }

    /// The number of a connection that is made.
    private func newConnection() -> Int {
        connections.append(LoadConnection(connections.count, to: client.address, queue: queue))
        return connections.count - 1
    }

    /// Sends the next request over a connection, if there is another one.
    private func ask(_ number: Int, at due: Nanoseconds) {
        guard mayAskMore else { return }
        let bytes = request(issued)
        issued += 1
        onTheirWay += 1
        let now = MonotonicClock.now
        // A client that asks as soon as it is answered is never late.
        let isClosed = if case .closed = load { true } else { false }
        connections[number].start(bytes, due: isClosed ? now : due, now: now)
        if let ended = connections[number].finished() { take(ended, of: number) }
    }

    /// Takes a request down, and lets its connection go on.
    private func take(_ ended: MeasuredRequest, of number: Int) {
        onTheirWay -= 1
        records.append(ended.since(start))
        unanswered = ended.failure != nil && ended.first == nil && !ended.isRefused ? unanswered + 1 : 0
        guard case .closed = load else { return idle.append(number) }
        if ended.failure == nil {
            ask(number, at: ended.end)
        } else {
            resting.append((MonotonicClock.now + Self.rest, number))
        }
    }

    private func giveUpWhatIsLate(_ now: Nanoseconds) {
        let patience = Nanoseconds(client.timeout * 1e9)
        for connection in connections {
            guard let answer = connection.answer, now - answer.sent > patience else { continue }
            connection.giveUp("no answer within \(JSON.number(client.timeout).canonicalText) s")
            if let ended = connection.finished() { take(ended, of: connection.number) }
        }
    }

    /// Time of a processor that this thread took.
    private static var threadTime: Nanoseconds {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Nanoseconds(time.tv_sec) * 1_000_000_000 + Nanoseconds(time.tv_nsec)
    }
}

extension MeasuredRequest {
    /// With times from the beginning of a run.
    fileprivate func since(_ start: Nanoseconds) -> MeasuredRequest {
        var request = self
        request.due -= start
        request.sent -= start
        request.first = first.map { $0 - start }
        request.last = last.map { $0 - start }
        request.end -= start
        return request
    }
}
