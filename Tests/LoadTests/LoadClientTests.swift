import CanonicalJSON
import Foundation
import TestSupport
import Testing

@testable import Load

/// A server that answers at a pace; `Tests/Fixtures/load/server.py` says how.
final class PacedServer: FixtureServer {
    convenience init(_ switches: JSON = [:]) throws {
        try self.init("load/server.py", in: nil)
        try set(switches)
    }

    func client(_ interface: LoadClient.Interface = .chat, key: String? = nil, timeout: Double = 60) throws -> LoadClient {
        try LoadClient(ServerAddress(host: "127.0.0.1", port: port), interface, key: key, timeout: timeout)
    }

    /// What it was asked so far.
    func asked() throws -> [JSON] { try requestLines().map { try JSON(parsing: $0) } }

    static func body(_ number: Int, tokens: Int = 4) -> [UInt8] {
        LoadSettings(model: "tiny", maxTokens: tokens).body(.query("question \(number)"))
    }
}

/// Bounds hold on a busy machine as well: nothing is faster than the server's pace.
@Suite struct LoadClientTests {
    /// A clock may be read a little early.
    private static let grain = 0.002

    @Test func timesAreThoseOfTheServersPace() throws {
        let server = try PacedServer(["first": 0.08, "gap": 0.03, "cached": 1])
        let record = try server.client().measure(.closed(clients: 2, requests: 6, seconds: nil)) { PacedServer.body($0) }
        #expect(record.requests.count == 6 && record.requests.allSatisfy { $0.failure == nil })
        for request in record.requests {
            #expect(request.pieces == 4 && request.gaps.count == 3)
            #expect(request.usage == TokenUsage(prompt: 2, cached: 1, answer: 4))
            let first = try #require(request.timeToFirstToken)
            let further = try #require(request.timePerOutputToken)
            // A piece may be read late, and the next one in time: only their sum is bounded.
            #expect(first >= 0.08 - Self.grain && first + 3 * further >= 0.17 - Self.grain)
            #expect(request.responseTime >= first + 3 * further - 1e-9)
            #expect(abs(Double(request.gaps.reduce(0, +)) - 3 * further) < 1e-4)
        }
        let summary = LoadSummary(record)
        // Two clients wait at least 170 ms for each of their three answers.
        #expect(record.seconds >= 3 * 0.17 - 3 * Self.grain && summary.queriesPerSecond <= 6 / (3 * 0.17 - 3 * Self.grain))
        #expect(summary.cachedTokens == 6 && summary.answerTokens == 24)
        #expect(record.ownProcessorSeconds > 0 && record.ownProcessorSeconds < record.seconds)
    }

    @Test func clientsKeepTheirConnections() throws {
        let server = try PacedServer(["first": 0.005])
        let record = try server.client().measure(.closed(clients: 4, requests: 40, seconds: nil)) { PacedServer.body($0) }
        let asked = try server.asked()
        #expect(record.requests.count == 40 && asked.count == 40)
        #expect(asked.compactMap { $0["running"]?.integer }.max() ?? 5 <= 4)
        // One connection tried whether the server is there.
        #expect(Set(asked.compactMap { $0["connection"]?.integer }).count == 4)
        let numbers = Set(asked.compactMap { $0["body"]?["messages"]?[0]?["content"]?.string })
        #expect(numbers == Set((0..<40).map { "question \($0)" }))
    }

    @Test func aTimeEndsALoad() throws {
        let server = try PacedServer(["first": 0.02])
        let record = try server.client().measure(.closed(clients: 3, requests: nil, seconds: 0.3)) { PacedServer.body($0) }
        #expect(record.seconds >= 0.3 - 0.05 && record.requests.count >= 3)
        #expect(try server.asked().count == record.requests.count)
    }

    @Test func arrivalsWaitForNobody() throws {
        let server = try PacedServer(["first": 0.5])
        let arrivals = [0, 0.01, 0.02, 0.02, 0.4]
        let record = try server.client().measure(.open(arrivals: arrivals)) { PacedServer.body($0, tokens: 1) }
        let requests = record.requests.sorted { $0.due < $1.due }
        #expect(requests.map { Double($0.due) / 1e9 }.elementsEqual(arrivals) { abs($0 - $1) < 1e-6 })
        #expect(requests.allSatisfy { $0.sent >= $0.due && $0.failure == nil && $0.responseTime >= 0.5 - Self.grain })
        #expect(try server.asked().compactMap { $0["running"]?.integer }.max() ?? 0 >= 4)
    }

    @Test func refusalsAreCountedByTheirReason() throws {
        let server = try PacedServer(["fault": "429"])
        let record = try server.client().measure(.closed(clients: 2, requests: 4, seconds: nil)) { PacedServer.body($0) }
        #expect(LoadSummary(record).failures == ["HTTP status 429: too much": 4])
        #expect(record.requests.allSatisfy { $0.isRefused && $0.first == nil })
    }

    @Test(
        arguments: [
            ("cut", "the server closed the connection"), ("error", "the server broke off: no memory"),
            ("plain", "it is no stream of events"),
        ])
    func anAnswerThatIsNotWholeIsAFailure(fault: String, reason: String) throws {
        let server = try PacedServer(["fault": .string(fault), "gap": 0.001])
        let record = try server.client().measure(.closed(clients: 1, requests: 2, seconds: nil)) { PacedServer.body($0) }
        #expect(LoadSummary(record).failures == [reason: 2])
    }

    @Test(arguments: ["leave", "length"]) func aServerMayCloseItsConnections(fault: String) throws {
        let server = try PacedServer(["fault": .string(fault)])
        let record = try server.client().measure(.closed(clients: 3, requests: 30, seconds: nil)) { PacedServer.body($0) }
        #expect(record.requests.count == 30)
        #expect(LoadSummary(record).failures == [:])
        #expect(try server.asked().count == 30)
    }

    @Test func piecesStandForTokensThatNobodyCounts() throws {
        let server = try PacedServer(["usage": false])
        let client = try server.client(.completions, key: "key-1")
        let record = try client.measure(.closed(clients: 1, requests: 2, seconds: nil)) { _ in
            LoadSettings(model: "tiny", maxTokens: 3).body(.text("go on"))
        }
        let summary = LoadSummary(record)
        #expect(summary.answerTokens == 6 && summary.uncounted == 2 && summary.cachedTokens == nil)
        let asked = try #require(try server.asked().first)
        #expect(asked["path"] == "/v1/completions" && asked["key"] == "Bearer key-1")
    }

    @Test func whatIsTooLateIsGivenUp() throws {
        let server = try PacedServer(["first": 30])
        let record = try server.client(timeout: 0.2).measure(.closed(clients: 2, requests: 2, seconds: nil)) {
            PacedServer.body($0)
        }
        #expect(LoadSummary(record).failures == ["no answer within 0.2 s": 2])
    }

    @Test func aServerThatIsGoneEndsTheLoad() throws {
        let server = try PacedServer()
        let client = try server.client()
        server.stop()
        #expect(throws: LoadFailure.self) {
            try client.measure(.closed(clients: 64, requests: nil, seconds: 60)) { PacedServer.body($0) }
        }
        #expect(throws: LoadFailure.self) { try server.client() }
    }

    @Test func theServersProcessIsFound() throws {
        let server = try PacedServer()
        let process = try #require(ServerProcess(listeningOn: server.port))
        #expect(try #require(process.memory) > 1 << 20)
        #expect(try #require(process.peakMemory) >= 1 << 20)
        #expect(try #require(process.processorSeconds) >= 0)
        #expect(ServerProcess(listeningOn: 1) == nil)
    }
}
