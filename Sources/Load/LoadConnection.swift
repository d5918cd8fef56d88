import Foundation

/// A connection to a server, which carries one request after the other.
final class LoadConnection {
    /// Under which the queue of events knows it.
    let number: Int
    private let address: SocketAddress
    private let queue: EventQueue
    private var descriptor: Int32 = -1
    /// Whether the queue watches for room to write.
    private var awaitsRoom = false
    /// Whether a response came over the open connection. The server may close it at any time then.
    private var isUsed = false
    private var request: [UInt8] = []
    private var written = 0
    private(set) var answer: AnswerReader?

    init(_ number: Int, to address: SocketAddress, queue: EventQueue) {
        (self.number, self.address, self.queue) = (number, address, queue)
    }

    deinit { end() }

    /// Begins to send a request. What becomes of it, `go` says.
    func start(_ request: [UInt8], due: Nanoseconds, now: Nanoseconds) {
        self.request = request
        answer = AnswerReader(due: due, sent: now)
        begin()
    }

    /// Writes and reads what there is.
    ///
    /// - Returns: the request, where it is over.
    func go(_ event: EventQueue.Event, reading buffer: UnsafeMutableRawBufferPointer) -> MeasuredRequest? {
        if event.writes, answer != nil { flush() }
        if event.reads, descriptor >= 0 { receive(buffer) }
        return finished()
    }

    /// - Returns: the request, where it is over.
    func finished() -> MeasuredRequest? {
        guard let answer, answer.isOver else { return nil }
        self.answer = nil
        isUsed = true
        // A server that answers before it has the whole request would take its rest for the next one.
        if !answer.keepsConnection || written < request.count { end() }
        return answer.measured(at: MonotonicClock.now)
    }

    /// Gives the request up.
    func giveUp(_ reason: String) {
        answer?.fail(reason)
        end()
    }

    private func begin() {
        written = 0
        if descriptor < 0, !open() { return }
        flush()
    }

    private func open() -> Bool {
        isUsed = false
        descriptor = socket(
            address.family, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0, sendsAtOnce(), address.join(descriptor) == 0 || errno == EINPROGRESS,
            queue.watch(descriptor, as: number, writes: true, isNew: true)
        else {
            breakOff()
            return false
        }
        awaitsRoom = true
        return true
    }

    /// A request is one piece: it is not to wait for more.
    private func sendsAtOnce() -> Bool {
        var yes: Int32 = 1
        return setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<Int32>.size)) == 0
    }

    /// Writes as much of the request as there is room for.
    private func flush() {
        while written < request.count {
            let count = request.withUnsafeBytes { bytes in
                send(descriptor, bytes.baseAddress?.advanced(by: written), bytes.count - written, Int32(MSG_NOSIGNAL))
            }
            if count < 0, errno == EINTR { continue }
            // ENOTCONN: the connection is still being made.
            if count < 0, errno == EAGAIN || errno == ENOTCONN { return awaitRoom(true) }
            guard count >= 0 else { return breakOff() }
            written += count
        }
        awaitRoom(false)
    }

    private func awaitRoom(_ wanted: Bool) {
        guard wanted != awaitsRoom else { return }
        awaitsRoom = wanted
        queue.watch(descriptor, as: number, writes: wanted, isNew: false)
    }

    private func receive(_ buffer: UnsafeMutableRawBufferPointer) {
        let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
        if count < 0, errno == EAGAIN || errno == EINTR || errno == ENOTCONN { return }
        guard count > 0 else { return breakOff(isEnd: count == 0) }
        guard let answer else { return end() }
        answer.read(UnsafeRawBufferPointer(rebasing: buffer[..<count]), at: MonotonicClock.now)
    }

    /// The connection has ended. Where it waited for its next request, the server is free to close it, and the request goes
    /// out over another one.
    private func breakOff(isEnd: Bool = false) {
        let reason = isEnd ? "the server closed the connection" : String(cString: strerror(errno))
        let mayBeStale = isUsed
        end()
        guard let answer else { return }
        if mayBeStale, !answer.hasBegun { begin() } else { answer.endConnection(reason) }
    }

    private func end() {
        if descriptor >= 0 { close(descriptor) }
        descriptor = -1
        awaitsRoom = false
    }
}
