import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Serving

/// Connections, bodies and streams, over real sockets on this machine.
@Suite(.mustEnd) struct WebServerTests {
    /// A server on a free port.
    private func server(
        _ limits: WebLimits = WebLimits(), answer: @escaping @Sendable (WebRequest, WebExchange) -> Void
    ) throws -> WebServer {
        try WebServer(at: .init(host: "127.0.0.1", port: 0), limits: limits, WebService(answer: answer))
    }

    /// Answers with what was asked.
    private func echo(_ limits: WebLimits = WebLimits()) throws -> WebServer {
        try server(limits) { request, exchange in
            exchange.respond(WebResponse(200, type: "text/plain", body: Array("\(request.method) ".utf8) + request.body))
        }
    }

    @Test func requestsOfOneConnectionAreAnsweredInTurn() throws {
        let server = try echo()
        let client = try LoopbackClient(port: server.address.port)
        for number in 0..<3 {
            client.send("POST", "/x", body: Array("\(number)".utf8))
            let response = try client.response()
            #expect(response.status == 200 && response.text == "POST \(number)")
        }
        client.send("GET", "/x")
        #expect(try client.response().text == "GET ")
        #expect(server.connections == 1)
    }

    @Test func aBodyMayComeInPartsAndInChunks() throws {
        let server = try echo()
        let client = try LoopbackClient(port: server.address.port)
        client.send("POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nab")
        Thread.sleep(forTimeInterval: 0.05)
        client.send("cdef")
        #expect(try client.response().text == "POST abcdef")
        client.send("POST /x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
        #expect(try client.response().text == "POST abcde")
    }

    @Test(arguments: [true, false])
    func aBodyThatIsTooLargeIsRefused(isAnnounced: Bool) throws {
        var limits = WebLimits()
        limits.bodyBytes = 1000
        let server = try echo(limits)
        let client = try LoopbackClient(port: server.address.port)
        let body = String(repeating: "a", count: 2000)
        if isAnnounced {
            client.send("POST", "/x", body: Array(body.utf8))
        } else {
            client.send("POST /x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n\(body)\r\n0\r\n\r\n")
        }
        #expect(try client.response().status == 413)
        #expect(try LoopbackClient.get("/x", port: server.address.port).status == 200)
    }

    @Test func headsAndBodiesMustComeInTime() throws {
        var limits = WebLimits()
        (limits.headSeconds, limits.bodySeconds) = (0.6, 0.6)
        let server = try echo(limits)
        let silent = try LoopbackClient(port: server.address.port)
        let slowHead = try LoopbackClient(port: server.address.port)
        slowHead.send("GET /x HT")
        let slowBody = try LoopbackClient(port: server.address.port)
        slowBody.send("POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\na")
        let idle = try LoopbackClient(port: server.address.port)
        idle.send("GET", "/x")
        #expect(try idle.response().status == 200)
        for client in [silent, slowHead, slowBody, idle] { #expect(client.isClosed()) }
    }

    @Test func aStreamComesPieceByPiece() throws {
        let exchanges = Mutex<WebExchange?>(nil)
        let server = try server { _, exchange in
            exchange.begin(WebResponse(200, type: "text/event-stream"))
            exchange.send(Array("data: 1\n\n".utf8))
            exchanges.withLock { $0 = exchange }
        }
        let client = try LoopbackClient(port: server.address.port)
        client.send("GET", "/x")
        _ = try client.take(through: "data: 1\n\n")
        // Nothing else has been said yet.
        let exchange = try #require(exchanges.withLock { $0 })
        exchange.send(Array("data: 2\n\n".utf8))
        _ = try client.take(through: "data: 2\n\n")
        exchange.end()
        _ = try client.take(through: "0\r\n\r\n")
    }

    /// Also one that waits for its first byte.
    @Test(arguments: [true, false])
    func aClientThatLeavesIsNoticed(hasBegun: Bool) throws {
        let hasLeft = Mutex(false)
        let isAsked = Mutex(false)
        let server = try server { _, exchange in
            exchange.whenClientLeaves { hasLeft.withLock { $0 = true } }
            if hasBegun {
                exchange.begin(WebResponse(200, type: "text/event-stream"))
                exchange.send(Array("data: 1\n\n".utf8))
            }
            isAsked.withLock { $0 = true }
        }
        do {
            let client = try LoopbackClient(port: server.address.port)
            client.send("GET", "/x")
            if hasBegun { _ = try client.take(through: "data: 1\n\n") }
            try Self.wait { isAsked.withLock { $0 } }
            #expect(!hasLeft.withLock { $0 })
            withExtendedLifetime(client) {}
        }
        try Self.wait { hasLeft.withLock { $0 } }
    }

    @Test func clientsThatLeaveKeepNoSocket() throws {
        let server = try server { _, exchange in
            exchange.begin(WebResponse(200, type: "text/event-stream"))
            exchange.send(Array("data: 1\n\n".utf8))
        }
        // The library looks no further than the connection that is idle the longest.
        let idle = try LoopbackClient(port: server.address.port)
        for _ in 0..<200 {
            let client = try LoopbackClient(port: server.address.port)
            client.send("GET", "/x")
            _ = try client.take(through: "data: 1\n\n")
        }
        try Self.wait { server.connections == 1 }
        withExtendedLifetime(idle) {}
    }

    @Test func aSlowReaderHoldsNobodyUp() throws {
        let large = [UInt8](repeating: UInt8(ascii: "a"), count: 32 << 20)
        let server = try server { request, exchange in
            guard request.path == "/large" else { return exchange.respond(WebResponse(200, type: "text/plain")) }
            exchange.begin(WebResponse(200, type: "text/plain"))
            for start in stride(from: 0, to: large.count, by: 1 << 20) {
                exchange.send(Array(large[start..<start + (1 << 20)]))
            }
            exchange.end()
        }
        let slow = try LoopbackClient(port: server.address.port)
        slow.send("GET", "/large")
        for _ in 0..<20 { #expect(try LoopbackClient.get("/small", port: server.address.port).status == 200) }
        #expect(try slow.response().body.count == large.count)
    }

    @Test func manyIdleConnectionsAreServedBesideBusyOnes() throws {
        let server = try echo()
        let idle = try (0..<300).map { _ in try LoopbackClient(port: server.address.port) }
        #expect(try LoopbackClient.get("/x", port: server.address.port).status == 200)
        for client in idle.prefix(20) {
            client.send("GET", "/x")
            #expect(try client.response().status == 200)
        }
    }

    @Test func aServerThatStopsBreaksOffWhatIsNotWhole() throws {
        let server = try server { _, exchange in
            exchange.begin(WebResponse(200, type: "text/event-stream"))
            exchange.send(Array("data: 1\n\n".utf8))
        }
        let client = try LoopbackClient(port: server.address.port)
        client.send("GET", "/x")
        _ = try client.take(through: "data: 1\n\n")
        server.stop()
        #expect(client.isClosed())
        #expect(throws: LoopbackClient.Failure.self) { try LoopbackClient(port: server.address.port) }
    }

    @Test func anAddressThatIsTakenIsAnError() throws {
        let server = try echo()
        #expect(throws: ListeningFailure.self) {
            try WebServer(at: server.address, WebService { _, exchange in exchange.respond(WebResponse(200, type: "x")) })
        }
    }

    private static func wait(until isTrue: () -> Bool) throws {
        for _ in 0..<1500 {
            if isTrue() { return }
            Thread.sleep(forTimeInterval: 0.02)
        }
        throw LoopbackClient.Failure(description: "it did not come about within half a minute")
    }
}
