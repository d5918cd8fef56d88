import CMicroHTTPD
import Foundation
import Synchronization

/// A server of HTTP/1.1 on one socket: libmicrohttpd behind one file.
///
/// One thread reads and writes all sockets. Requests are answered on other threads, so that none waits for another.
package final class WebServer: Sendable {
    private let core: WebServerCore
    /// The library's server as a number; 0 once it has stopped.
    private let daemon: Mutex<UInt>
    package let address: ListeningSocket.Address

    /// Starts to serve.
    ///
    /// - Throws: `ListeningFailure` where the address cannot be had; what `ConnectionWatch` throws.
    package init(at place: ListeningSocket.Address, limits: WebLimits = WebLimits(), _ service: WebService) throws {
        let socket = try ListeningSocket(at: place)
        address = socket.address
        let core = WebServerCore(service, limits: limits, watch: try ConnectionWatch())
        self.core = core
        let started = decant_http_start(
            socket.descriptor, UInt32(clamping: OpenFiles.connections(atMost: limits.connections)),
            UInt32(clamping: limits.idleSeconds), limits.headBytes, askedCallback, endedCallback, changedCallback,
            Unmanaged.passUnretained(core).toOpaque())
        guard let started else {
            socket.close()
            core.watch.close()
            throw ListeningFailure(address: place, reason: "the HTTP library cannot be started")
        }
        daemon = Mutex(UInt(bitPattern: started))
    }

    deinit { stop() }

    package var connections: Int { core.watch.open.connections }

    /// Returns when every request has its whole answer, or some seconds are over.
    package func waitForExchanges(atMost seconds: Double) {
        let deadline = MonotonicTime.now + seconds
        while MonotonicTime.now < deadline, !core.watch.open.exchanges.isEmpty { Thread.sleep(forTimeInterval: 0.02) }
    }

    /// Takes no further connections; those that are open go on.
    package func stopListening() {
        daemon.withLock { daemon in
            guard daemon != 0 else { return }
            let socket = MHD_quiesce_daemon(OpaquePointer(bitPattern: daemon))
            if socket >= 0 { Glibc.close(socket) }
        }
    }

    /// Closes all connections; answers that are not whole are broken off.
    package func stop() {
        core.isStopping.withLock { $0 = true }
        daemon.withLock { daemon in
            guard daemon != 0 else { return }
            // The library must have none that waits.
            for exchange in core.watch.open.exchanges { core.watch.cut(exchange.connection) }
            MHD_stop_daemon(OpaquePointer(bitPattern: daemon))
            daemon = 0
        }
        core.watch.close()
    }
}

/// What the library's callbacks reach.
private final class WebServerCore: Sendable {
    let service: WebService
    let limits: WebLimits
    let watch: ConnectionWatch
    let isStopping = Mutex(false)
    private let queue = DispatchQueue(label: "requests", attributes: .concurrent)

    init(_ service: WebService, limits: WebLimits, watch: ConnectionWatch) {
        (self.service, self.limits, self.watch) = (service, limits, watch)
    }

    static func from(_ context: UnsafeMutableRawPointer?) -> WebServerCore? {
        context.map { Unmanaged<WebServerCore>.fromOpaque($0).takeUnretainedValue() }
    }

    /// A head has come. What the head alone decides is answered at once.
    func begin(_ connection: OpaquePointer, _ head: WebRequest) -> (WebExchange, MHD_Result) {
        let exchange = WebExchange(head, connection: UInt(bitPattern: connection))
        watch.expectBody(of: exchange.connection, within: limits.bodySeconds)
        let announced = head.headers["content-length"].flatMap { Int($0) } ?? 0
        let refusal = service.refusal(head) ?? (announced > limits.bodyBytes ? service.tooLarge : nil)
        return (exchange, refusal.map { queue($0, isStreamed: false, for: exchange, on: connection) } ?? decant_http_yes)
    }

    /// The whole request has come, or its answer.
    func goOn(_ exchange: WebExchange, on connection: OpaquePointer, isWhole: Bool) -> MHD_Result {
        guard !isStopping.withLock({ $0 }) else { return decant_http_no }
        if isWhole {
            guard let request = exchange.takeRequest() else {
                return queue(service.tooLarge, isStreamed: false, for: exchange, on: connection)
            }
            // In this order: a client that has left already wakes the library then.
            exchange.suspend()
            watch.watch(exchange)
            queue.async { [service] in service.answer(request, exchange) }
            return decant_http_yes
        }
        switch exchange.nextStep() {
        case .wait: return decant_http_yes
        case .close: return decant_http_no
        case .respond(let response, let isStreamed):
            return queue(response, isStreamed: isStreamed, for: exchange, on: connection)
        }
    }

    private func queue(
        _ response: WebResponse, isStreamed: Bool, for exchange: WebExchange, on connection: OpaquePointer
    ) -> MHD_Result {
        let made: OpaquePointer?
        if isStreamed {
            // The library lets go of the exchange when it has destroyed the response.
            made = MHD_create_response_from_callback(
                UInt64.max, 16 << 10,
                { context, _, buffer, size in
                    guard let context, let buffer else { return decant_http_failure }
                    return Unmanaged<WebExchange>.fromOpaque(context).takeUnretainedValue()
                        .read(into: UnsafeMutableRawBufferPointer(start: buffer, count: size))
                },
                Unmanaged.passRetained(exchange).toOpaque(),
                { context in
                    if let context { Unmanaged<WebExchange>.fromOpaque(context).release() }
                })
        } else {
            var body = response.body
            made = body.withUnsafeMutableBytes { decant_http_response($0.count, $0.baseAddress) }
        }
        guard let made else { return decant_http_no }
        defer { MHD_destroy_response(made) }
        for header in response.headers { MHD_add_response_header(made, header.name, header.value) }
        return MHD_queue_response(connection, UInt32(clamping: response.status), made)
    }
}

private let askedCallback: MHD_AccessHandlerCallback = { context, connection, path, method, _, bytes, size, slot in
    guard let core = WebServerCore.from(context), let connection, let size, let slot else { return decant_http_no }
    guard let known = slot.pointee else {
        let head = WebRequest(
            method: method.map { String(cString: $0) } ?? "", path: path.map { String(cString: $0) } ?? "",
            headers: headers(of: connection))
        let (exchange, result) = core.begin(connection, head)
        slot.pointee = Unmanaged.passRetained(ExchangeSlot(exchange)).toOpaque()
        return result
    }
    let kept = Unmanaged<ExchangeSlot>.fromOpaque(known).takeUnretainedValue()
    if size.pointee > 0 {
        kept.exchange.receive(UnsafeRawBufferPointer(start: bytes, count: size.pointee), atMost: core.limits.bodyBytes)
        size.pointee = 0
        return decant_http_yes
    }
    defer { kept.isWhole = true }
    return core.goOn(kept.exchange, on: connection, isWhole: !kept.isWhole)
}

private let endedCallback: MHD_RequestCompletedCallback = { context, _, slot, reason in
    guard let core = WebServerCore.from(context), let known = slot?.pointee else { return }
    slot?.pointee = nil
    let exchange = Unmanaged<ExchangeSlot>.fromOpaque(known).takeRetainedValue().exchange
    core.watch.forget(exchange, next: core.limits.headSeconds)
    if decant_http_is_complete(reason) != 0 { exchange.complete() } else { exchange.leave() }
}

private let changedCallback: MHD_NotifyConnectionCallback = { context, connection, _, change in
    guard let core = WebServerCore.from(context), let connection else { return }
    let number = UInt(bitPattern: connection)
    if decant_http_has_started(change) != 0 {
        core.watch.expect(number, socket: decant_http_socket(connection), within: core.limits.headSeconds)
    } else {
        core.watch.remove(number)
    }
}

/// What the library keeps for a request.
private final class ExchangeSlot {
    let exchange: WebExchange
    /// Whether the whole request has come.
    var isWhole = false

    init(_ exchange: WebExchange) { self.exchange = exchange }
}

/// The headers of a request, names in lower case; of several with one name, the last.
private func headers(of connection: OpaquePointer) -> [String: String] {
    var headers: [String: String] = [:]
    withUnsafeMutablePointer(to: &headers) { headers in
        decant_http_headers(
            connection,
            { context, _, name, value in
                if let context, let name {
                    let text = value.map { String(cString: $0) } ?? ""
                    context.assumingMemoryBound(to: [String: String].self).pointee[String(cString: name).lowercased()] = text
                }
                return decant_http_yes
            }, headers)
    }
    return headers
}
