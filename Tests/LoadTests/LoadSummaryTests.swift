import CanonicalJSON
import Testing

@testable import Load

@Suite struct DistributionTests {
    /// By hand: 5 values have their 90th percentile at place 3.6, between 40 and 100; the 99th at place 3.96.
    @Test func percentilesAreInterpolated() throws {
        let values = try #require(Distribution([100, 20, 10, 40, 30]))
        #expect(values.count == 5 && values.mean == 40 && values.p50 == 30)
        #expect(abs(values.p90 - 76) < 1e-9 && abs(values.p99 - 97.6) < 1e-9)
        let even = try #require(Distribution([4, 1, 3, 2]))
        #expect(even.p50 == 2.5 && abs(even.p90 - 3.7) < 1e-9 && abs(even.p99 - 3.97) < 1e-9)
    }

    @Test func oneValueIsAllOfThem() throws {
        let one = try #require(Distribution([7]))
        #expect([one.mean, one.p50, one.p90, one.p99] == [7, 7, 7, 7])
        #expect(Distribution([]) == nil)
    }
}

@Suite struct LoadSummaryTests {
    /// A request with times in milliseconds.
    static func request(
        due: Int64 = 0, first: Int64? = nil, last: Int64? = nil, end: Int64, tokens: Int? = nil, failure: String? = nil
    ) -> MeasuredRequest {
        func time(_ milliseconds: Int64) -> Nanoseconds { milliseconds * 1_000_000 }
        var request = MeasuredRequest(
            due: time(due), sent: time(due), first: first.map(time), last: last.map(time), end: time(end))
        request.usage = tokens.map { TokenUsage(prompt: 100, cached: 90, answer: $0) }
        request.failure = failure
        return request
    }

    /// By hand: the first answer takes 300 ms with 5 tokens, the first after 100 ms and the others 40 ms each; the second 500 ms
    /// with 3 tokens, after 200 ms and 100 ms each; the third has one token.
    private var record: LoadRecord {
        var third = Self.request(due: 500, first: 550, last: 550, end: 600)
        third.pieces = 1
        return LoadRecord(
            requests: [
                Self.request(first: 100, last: 260, end: 300, tokens: 5),
                Self.request(due: 100, first: 300, last: 500, end: 600, tokens: 3), third,
                Self.request(due: 0, end: 50, failure: "HTTP status 429"),
            ], seconds: 2, ownProcessorSeconds: 0.5)
    }

    @Test func figuresAreThoseOfAnsweredRequests() throws {
        let summary = LoadSummary(record)
        #expect(summary.answered == 3 && summary.failed == 1 && summary.failures == ["HTTP status 429": 1])
        #expect(summary.queriesPerSecond == 1.5 && summary.ownProcessors == 0.25)
        let response = try #require(summary.response)
        #expect(abs(response.mean - 0.3) < 1e-9 && abs(response.p50 - 0.3) < 1e-9)
        let first = try #require(summary.firstToken)
        #expect(first.count == 3 && abs(first.p50 - 0.1) < 1e-9 && abs(first.mean - 0.35 / 3) < 1e-9)
        // An answer of one token has no further ones.
        let further = try #require(summary.furtherToken)
        #expect(further.count == 2 && abs(further.mean - 0.07) < 1e-9)
        #expect(summary.gaps == nil && summary.goodput == nil)
        #expect(summary.answerTokens == 9 && summary.tokensPerSecond == 4.5 && summary.uncounted == 1)
        #expect(summary.promptTokens == 200 && summary.cachedTokens == 180)
    }

    @Test func goodputCountsWhatKeepsEveryLimit() {
        func goodput(_ objective: ServiceObjective) -> Double? { LoadSummary(record, objective: objective).goodput }
        #expect(goodput(ServiceObjective(firstToken: 0.15)) == 1)
        #expect(goodput(ServiceObjective(firstToken: 0.15, furtherToken: 0.02)) == 0.5)
        #expect(goodput(ServiceObjective(furtherToken: 0.1)) == 1.5)
        #expect(goodput(ServiceObjective(response: 0.1)) == 0.5)
        #expect(goodput(ServiceObjective(firstToken: 0.01)) == 0)
    }

    @Test func theJSONHasEveryFigureOnce() throws {
        let json = LoadSummary(record, objective: ServiceObjective(firstToken: 1)).json
        #expect(json["queries_per_second"] == 1.5 && json["answered"] == 3 && json["goodput"] == 1.5)
        #expect(json["response"]?.object?.keys.sorted() == ["mean", "p50", "p90", "p99"])
        #expect(json["gaps"] == nil && json["uncounted"] == 1 && json["failures"] == ["HTTP status 429": 1])
        let none = LoadSummary(LoadRecord(requests: [], seconds: 0)).json
        #expect(none["queries_per_second"] == 0 && none["response"] == nil)
    }

    @Test func reasonsWithoutEndAreSummedUp() {
        let requests = (0..<50).map { Self.request(end: 1, failure: "reason \($0)") }
        let failures = LoadSummary(LoadRecord(requests: requests, seconds: 1)).failures
        #expect(failures.count == 21 && failures["other reasons"] == 30)
    }
}

@Suite struct ArrivalTests {
    private static func times(of load: Load) -> [Double] { if case .open(let arrivals) = load { arrivals } else { [] } }

    /// A gap is −ln(1 − u) / rate.
    @Test func gapsAreExponential() {
        let halves = Load.poisson(rate: 2, requests: 3, seconds: nil) { _ in 0.5 }
        let arrivals = Self.times(of: halves)
        #expect(arrivals.elementsEqual([0.346573590, 0.693147181, 1.039720771]) { abs($0 - $1) < 1e-8 })
    }

    /// The mean over evenly spread numbers is 1 / rate.
    @Test func theMeanIsTheRate() {
        let count = 10_000
        let load = Load.poisson(rate: 50, requests: count, seconds: nil) { (Double($0) + 0.5) / Double(count) }
        let arrivals = Self.times(of: load)
        #expect(arrivals.count == count && arrivals == arrivals.sorted())
        #expect(abs((arrivals.last ?? 0) / Double(count) - 0.02) < 0.0002)
    }

    @Test func theTimeEndsThem() {
        let load = Load.poisson(rate: 10, requests: nil, seconds: 1) { _ in 0.5 }
        let arrivals = Self.times(of: load)
        #expect(arrivals.count == 14 && arrivals.allSatisfy { $0 <= 1 })
    }
}

@Suite struct PromptShapeTests {
    private static func uniform(_ prompt: Int, _ word: Int) -> Double {
        Double((prompt &* 7919 &+ word &* 104_729) & 0xFFFF) / 65_536
    }

    @Test func promptsBeginAlikeAndThenDiffer() {
        let shape = PromptShape(promptTokens: 20, sharedTokens: 12)
        let prompts = (0..<2000).map { shape.prompt($0, uniform: Self.uniform).split(separator: " ") }
        #expect(prompts.allSatisfy { $0.count == 20 })
        #expect(Set(prompts.map { Array($0.prefix(12)) }).count == 1)
        #expect(Set(prompts.map { Array($0[12..<16]) }).count == 2000)
        // Neighbours differ in the first word of their own.
        #expect(zip(prompts, prompts.dropFirst()).allSatisfy { $0[12] != $1[12] })
        #expect(shape.prompt(5, uniform: Self.uniform) == shape.prompt(5, uniform: Self.uniform))
    }

    @Test func aRequestAsksForAGreedyStream() throws {
        let settings = LoadSettings(model: "m", maxTokens: 9, extra: ["ignore_eos": true, "stream": false])
        let chat = try JSON(parsing: settings.body(.query("lights on")))
        #expect(chat["stream"] == true && chat["temperature"] == 0 && chat["max_tokens"] == 9 && chat["ignore_eos"] == true)
        #expect(chat["messages"] == [["role": "user", "content": "lights on"]] && chat["tools"] == nil)
        #expect(chat["stream_options"] == ["include_usage": true])
        let text = try JSON(parsing: settings.body(.text("go on")))
        #expect(text["prompt"] == "go on" && text["messages"] == nil)
    }
}

@Suite struct ServerAddressTests {
    @Test func anAddressMayLeaveOutWhatIsUsual() throws {
        for url in ["http://127.0.0.1:8000", "http://127.0.0.1:8000/", "http://127.0.0.1:8000/v1", "http://127.0.0.1:8000/v1/"]
        {
            let server = try ServerAddress(url)
            #expect(server.url == "http://127.0.0.1:8000/v1" && server.isLocal)
        }
        #expect(try ServerAddress("http://[::1]:80/api").url == "http://[::1]:80/api")
        #expect(try !ServerAddress("http://models.example.org").isLocal)
        for url in [
            "models.example.org", "https://models.example.org", "http://user:key@host/v1", "http://host/v1?x=1", "http://",
        ] {
            #expect(throws: LoadFailure.self) { try ServerAddress(url) }
        }
    }

    @Test func whoListensIsFoundInTheKernelsTable() {
        let table = """
              sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
               0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4711 1 0 100 0 0 10 0
               1: 0100007F:1F90 0100007F:9C40 01 00000000:00000000 00:00000000 00000000  1000        0 4712 1 0 100 0 0 10 0
               2: 0100007F:1F91 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4713 1 0 100 0 0 10 0
            """
        #expect(ServerProcess.listeners(in: table, port: 8080) == ["4711"])
        #expect(ServerProcess.listeners(in: table, port: 1) == [])
    }
}
