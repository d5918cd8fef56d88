import CanonicalJSON
import Foundation
import Programs
import TestSupport
import Testing

@testable import Kinds
@testable import Stages

/// `bench.serve` against a server of `Tests/Fixtures/load`, which answers whatever it is asked.
@Suite struct ServingStageTests {
    private let temporary = TemporaryFolder()

    private func pacedServer(_ switches: JSON) throws -> ServerProgram {
        try temporary.write(switches.canonicalText, to: "server/switches.json")
        let (script, folder) = (Checkout.file("Tests/Fixtures/load/server.py").path, temporary.folder("server").path)
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        return ServerProgram { offer in
            Program(
                "/usr/bin/env", ["python3", script, folder, "--attached", offer.keepsPrefixes ? "warm" : "cold"],
                environment: ["PATH": path], directory: URL(filePath: "/"))
        }
    }

    private func run(_ stage: BenchServe, server: ServerProgram?, rows: Int = 4) throws -> JSON {
        let lines = (0..<rows).map { #"{"id":"\#($0)","query":"lights \#($0)","functions":[],"answers":[]}"# + "\n" }
        try temporary.write(lines.joined(), to: "inputs/data/test.jsonl")
        try temporary.write(Data("[]".utf8), to: "inputs/data/functions.json")
        try temporary.write(Data(), to: "inputs/model/config.json")
        try temporary.write(Data(), to: "outputs/.keep")
        let context = StageContext(
            inputs: temporary.folder("inputs"), outputs: temporary.folder("outputs"), threads: 2, server: server,
            reportProgress: { _ in })
        try stage.run(in: context)
        return try JSON(parsing: temporary.data("outputs/serving.json"))
    }

    @Test func everyLoadIsMeasuredWithAndWithoutPrefixes() throws {
        let server = try pacedServer(["first": 0.01, "gap": 0.002, "cached": 1])
        let stage = BenchServe(
            clients: [2, 1], rates: [200], loadTime: 0.2, coldCache: true, firstToken: 60, furtherToken: nil, maxTokens: 3)
        let figures = try run(stage, server: server)
        for cache in ["warm", "cold"] {
            for load in [figures[cache]?["clients"]?["1"], figures[cache]?["clients"]?["2"], figures[cache]?["rates"]?["200"]] {
                let load = try #require(load)
                #expect(load["failed"] == 0 && load["answer_tokens"] == 3 && load["cached_tokens"] == 1)
                #expect(try #require(load["first_token"]?["p50"]?.double) >= 0.008)
                #expect(load["goodput"] == load["queries_per_second"])
            }
            #expect(try #require(figures[cache]?["memory"]?.integer) > 1 << 20)
        }
        // A rate is measured with 30 requests at least.
        #expect(try #require(figures["warm"]?["rates"]?["200"]?["answered"]?.integer) == 40)
        #expect(figures["latency"] == figures["warm"]?["clients"]?["1"]?["response"]?["p50"] && figures["latency"] != nil)
        let speeds = ["1", "2"].compactMap { figures["warm"]?["clients"]?[$0]?["queries_per_second"]?.double }
        #expect(figures["queries_per_second"]?.double == speeds.max() && figures["threads"] == 2)
        let asked = try temporary.text("server/requests").split(separator: "\n").map { try JSON(parsing: String($0)) }
        let queries = Set(asked.compactMap { $0["body"]?["messages"]?[0]?["content"]?.string })
        #expect(queries == ["lights 0", "lights 1", "lights 2", "lights 3"])
        #expect(asked.allSatisfy { $0["body"]?["model"] == "tiny" && $0["body"]?["tools"] == nil })
    }

    @Test func theColdCacheMayBeLeftOut() throws {
        let server = try pacedServer(["gap": 0])
        let stage = BenchServe(clients: [1], rates: [], loadTime: 0.1, coldCache: false, maxTokens: 1)
        let figures = try run(stage, server: server)
        #expect(figures["cold"] == nil && figures["warm"]?["rates"] == [:])
    }

    @Test func aServerThatRefusesAllIsAFailure() throws {
        let server = try pacedServer(["fault": "500"])
        let stage = BenchServe(clients: [1], rates: [], loadTime: 0.2, coldCache: false)
        #expect {
            try run(stage, server: server)
        } throws: { error in
            "\(error)".contains("gave no answer: HTTP status 500: too much")
        }
    }

    @Test func whatCannotBeServedIsSaid() throws {
        let silent = ServerProgram { _ in
            Program("/bin/sh", ["-c", "exit 1"], environment: [:], directory: URL(filePath: "/"))
        }
        for (server, words) in [(nil, "nobody is there"), (silent, "did not come up")] as [(ServerProgram?, String)] {
            #expect {
                try run(BenchServe(clients: [1]), server: server)
            } throws: { error in
                "\(error)".contains(words)
            }
        }
        #expect {
            try run(BenchServe(), server: pacedServer([:]), rows: 0)
        } throws: { error in
            "\(error)".contains("no rows to ask")
        }
    }
}

@Suite struct ServingTableTests {
    private static func load(_ speed: Double, _ median: Double) -> JSON {
        let times: JSON = ["mean": 0.1, "p50": .number(median), "p90": 0.2, "p99": .number(2 * median)]
        return ["queries_per_second": .number(speed), "response": times, "first_token": times, "further_token": times]
    }

    private static func row(_ name: String, _ speed: Double, ar: Double) -> JSON {
        let clients: JSON = ["1": load(speed / 4, 0.004), "16": load(speed, 0.016)]
        return [
            "name": .string(name), "sets": ["test": ["ar": .number(ar)]],
            "serving": [
                "threads": 2, "queries_per_second": .number(speed), "latency": 0.004,
                "warm": ["clients": clients, "rates": ["1": load(1, 0.005)], "memory": 52_428_800],
            ],
        ]
    }

    private static let report = Report(rows: ["a", "b", "c"], metrics: ["ar", "latency"], sets: ["test"], corePrice: 0.036)

    /// By hand: two cores at 0.036 an hour cost 2e-5 a second, so a million answers at 400 a second cost 0.05.
    @Test func answersAreSlowOrDearOrWrong() throws {
        let rows = [Self.row("a", 400, ar: 0.9), Self.row("b", 200, ar: 0.8), Self.row("c", 100, ar: 0.95)]
        let marked = Self.report.withServingCosts(rows)
        #expect(marked.map { $0["serving_front"] } == [true, false, true])
        let price = try #require(marked[0]["price_per_million"]?.double)
        #expect(abs(price - 0.05) < 1e-12)
        let text = ServingTables(marked, quality: ServingTables.quality(among: ["ar", "latency"], sets: ["test"])).text
        #expect(text.replacing(#/ +\n/#, with: "\n") == Self.expected, "\(text)")
    }

    static let expected = """
        Answers a second by the number of clients

        model  prefixes      1     16
        ─────  ────────  ─────  ─────
        a      warm      100.0  400.0
        b      warm       50.0  200.0
        c      warm       25.0  100.0

        Response time by the number of clients: median / 99th percentile, ms

        model  prefixes          1           16
        ─────  ────────  ─────────  ───────────
        a      warm      4.0 / 8.0  16.0 / 32.0
        b      warm      4.0 / 8.0  16.0 / 32.0
        c      warm      4.0 / 8.0  16.0 / 32.0

        Requests at random times: median / 99th percentile, ms

        model  prefixes  requests/s  answers/s  goodput    response  first token   per token
        ─────  ────────  ──────────  ─────────  ───────  ──────────  ───────────  ──────────
        a      warm               1        1.0        –  5.0 / 10.0   5.0 / 10.0  5.0 / 10.0
        b      warm               1        1.0        –  5.0 / 10.0   5.0 / 10.0  5.0 / 10.0
        c      warm               1        1.0        –  5.0 / 10.0   5.0 / 10.0  5.0 / 10.0

        What answers cost

        model  most answers/s    memory  price/1M answers  AR test  front
        ─────  ──────────────  ────────  ────────────────  ───────  ─────
        a               400.0  50.0 MiB             0.050     90.0    yes
        b               200.0  50.0 MiB             0.100     80.0
        c               100.0  50.0 MiB             0.200     95.0    yes

        """

    @Test func withoutServingNothingIsAdded() {
        let rows: [JSON] = [["name": "a", "sets": ["test": ["ar": 0.5]]]]
        #expect(Self.report.withServingCosts(rows) == rows)
        #expect(ServingTables(rows).tables.isEmpty)
    }

    /// Figures of several seeds are averaged, number by number.
    @Test func seedsAreSummedUp() throws {
        let runs = [Self.row("a", 400, ar: 0.9), Self.row("a", 200, ar: 0.7)]
        let summed = Repetitions.summed(runs, names: ["a", "a"]).map(\.json)
        #expect(summed[0]["serving"]?["warm"]?["clients"]?["16"]?["queries_per_second"] == 300)
        let cells = ServingTables(summed).tables.first?.table.alignedLines.last
        #expect(cells?.contains("300.0") == true)
    }

    @Test func oneModelsFiguresAreTables() throws {
        let content = try #require(Self.row("a", 400, ar: 0.9)["serving"])
        let text = Figures.serving.text("serving.json", content)
        #expect(text.contains("serving.json  warm      100.0  400.0"))
        #expect(Figures.serving.text("serving.json", ["clients": 1]).contains("\"clients\": 1"))
    }
}
