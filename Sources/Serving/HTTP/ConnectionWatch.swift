import CMicroHTTPD
import Foundation
import Programs
import Synchronization

/// Sees what the library does not look at: clients that leave while their answer is made, and requests that take too long.
final class ConnectionWatch: Sendable {
    private struct Connection {
        var socket: Int32
        /// When the connection ends unless something else comes first; `nil` while its answer is made or sent.
        var deadline: Double?
        /// Whose client is watched.
        var exchange: WebExchange?
    }

    private struct State {
        var connections: [UInt: Connection] = [:]
        var isOpen = true
    }

    private let state = Mutex(State())
    private let set: Int32

    /// - Throws: `ThreadShortage`, or a `POSIXError` where there is no file left.
    init() throws {
        set = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard set >= 0 else { throw POSIXError(.init(rawValue: errno) ?? .EMFILE) }
        try PlainThread.start { [self] in watch() }
    }

    /// Milliseconds from one look at the deadlines to the next.
    private static let interval: Int32 = 500

    /// A connection has begun, or its answer is sent: the next head must come in time.
    func expect(_ connection: UInt, socket: Int32, within seconds: Double) {
        let deadline = MonotonicTime.now + seconds
        state.withLock { $0.connections[connection] = Connection(socket: socket, deadline: deadline) }
    }

    /// A request's head has come: its body must come in time.
    func expectBody(of connection: UInt, within seconds: Double) {
        let deadline = MonotonicTime.now + seconds
        state.withLock { $0.connections[connection]?.deadline = deadline }
    }

    /// The request is whole: from here on its client may leave.
    func watch(_ exchange: WebExchange) {
        state.withLock { state in
            guard var connection = state.connections[exchange.connection] else { return }
            (connection.deadline, connection.exchange) = (nil, exchange)
            state.connections[exchange.connection] = connection
            _ = decant_epoll_add(set, connection.socket, UInt64(exchange.connection))
        }
    }

    /// The exchange is over: the next one's head must come in time.
    func forget(_ exchange: WebExchange, next seconds: Double) {
        let deadline = MonotonicTime.now + seconds
        state.withLock { state in
            guard let connection = state.connections[exchange.connection] else { return }
            if connection.exchange != nil { epoll_ctl(set, EPOLL_CTL_DEL, connection.socket, nil) }
            state.connections[exchange.connection] = Connection(socket: connection.socket, deadline: deadline)
        }
    }

    /// The connection is about to be closed.
    func remove(_ connection: UInt) { state.withLock { _ = $0.connections.removeValue(forKey: connection) } }

    /// Number of connections, and the exchanges whose answer is made or sent.
    var open: (connections: Int, exchanges: [WebExchange]) {
        state.withLock { ($0.connections.count, $0.connections.values.compactMap(\.exchange)) }
    }

    /// Ends the watch's thread.
    func close() { state.withLock { $0.isOpen = false } }

    private func watch() {
        var events = [epoll_event](repeating: epoll_event(), count: 64)
        while state.withLock(\.isOpen) {
            let count = epoll_wait(set, &events, Int32(events.count), Self.interval)
            for event in events.prefix(Int(max(0, count))) { cut(UInt(event.data.u64)) }
            endOverdue()
        }
        Glibc.close(set)
    }

    /// Cuts the socket of a connection whose client has left, or is to leave, and tells its exchange.
    func cut(_ number: UInt) {
        let exchange = state.withLock { state -> WebExchange? in
            guard let connection = state.connections[number], connection.exchange != nil else { return nil }
            shutdown(connection.socket, Int32(SHUT_RDWR))
            return connection.exchange
        }
        // Not within the lock: whoever hears of it may take others.
        exchange?.leave()
    }

    /// Cuts the sockets of connections whose time is over; the library then closes them.
    private func endOverdue() {
        let now = MonotonicTime.now
        state.withLock { state in
            for (number, connection) in state.connections {
                guard let deadline = connection.deadline, deadline < now else { continue }
                // Sockets are closed behind `remove`, so that this one is still the connection's.
                shutdown(connection.socket, Int32(SHUT_RDWR))
                state.connections[number]?.deadline = nil
            }
        }
    }
}
