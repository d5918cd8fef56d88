import CanonicalJSON
import Foundation
import TestSupport
import Testing
import Words

@testable import Engine
@testable import Serving

/// What a server refuses, how it ends, and what it tells of itself.
@Suite(.mustEnd) struct ConductTests {
    @Test(
        arguments: [
            ("/v1/chat/completions", "[]", 400, nil), ("/v1/chat/completions", "{", 400, nil),
            ("/v1/chat/completions", #"{"model":"tiny"}"#, 400, "messages"),
            ("/v1/chat/completions", #"{"model":"tiny","messages":[]}"#, 400, "messages"),
            ("/v1/chat/completions", #"{"model":"tiny","messages":[{"role":"king","content":"x"}]}"#, 400, "messages"),
            ("/v1/chat/completions", #"{"model":"tiny","messages":[{"role":"assistant","content":"x"}]}"#, 400, "messages"),
            (
                "/v1/chat/completions",
                #"{"model":"tiny","messages":[{"role":"system","name":"example_assistant","content":"x"}]}"#,
                400, "messages"
            ),
            ("/v1/chat/completions", #"{"model":"none","messages":[{"role":"user","content":"x"}]}"#, 404, nil),
            ("/v1/chat/completions", #"{"model":"tiny","messages":[{"role":"user","content":"x"}],"a":1}"#, 400, "a"),
            ("/v1/chat/completions", #"{"model":"tiny","messages":[{"role":"user","content":"x"}],"n":0}"#, 400, "n"),
            (
                "/v1/chat/completions", #"{"model":"tiny","messages":[{"role":"user","content":"x"}],"temperature":3}"#, 400,
                "temperature"
            ),
            ("/v1/chat/completions", #"{"model":"tiny","messages":[{"role":"user","content":"x"}],"seed":1.5}"#, 400, "seed"),
            (
                "/v1/chat/completions",
                #"{"model":"tiny","messages":[{"role":"user","content":"x"}],"tools":[{"type":"function","function":{}}]}"#,
                400,
                "tools"
            ),
            (
                "/v1/chat/completions",
                #"{"model":"tiny","messages":[{"role":"user","content":"x"}],"response_format":{"type":"json_object"}}"#, 400,
                "response_format"
            ),
            (
                "/v1/chat/completions",
                #"{"model":"tiny","messages":[{"role":"user","content":"x"}],"logit_bias":{"1":2}}"#, 400, "logit_bias"
            ), ("/v1/completions", #"{"model":"tiny","prompt":[]}"#, 400, "prompt"),
            ("/v1/completions", #"{"model":"tiny","prompt":[999999]}"#, 400, nil),
            ("/v1/completions", #"{"model":"tiny","prompt":"x","echo":true}"#, 400, "echo"),
            ("/v1/classify", #"{"model":"tiny","input":"x"}"#, 400, "model"),
            ("/v1/rerank", #"{"model":"tiny","query":"x","documents":["y"]}"#, 400, "model"), ("/v1/nothing", "{}", 404, nil),
            ("/v1/models", "{}", 405, nil),
        ] as [(String, String, Int, String?)])
    func whatIsWrongIsSaidInOpenAIsForm(path: String, body: String, status: Int, field: String?) throws {
        let served = try ServedModels()
        let client = try LoopbackClient(port: served.port)
        client.send("POST", path, body: Array(body.utf8))
        let response = try client.response()
        #expect(response.status == status, "\(response.text)")
        let error = try #require(response.json["error"])
        #expect(error["message"]?.string?.isEmpty == false && error["type"] == "invalid_request_error")
        #expect(error["param"] == field.map(JSON.string) ?? .null)
        #expect(error["code"] != nil)
    }

    @Test func aPromptThatIsTooLongIsRefused() throws {
        let served = try ServedModels()
        let error = try served.chat(String(repeating: "x ", count: 5000)).json["error"]
        #expect(error?["code"] == "context_length_exceeded")
    }

    @Test func onlyJSONIsTaken() throws {
        let served = try ServedModels()
        let client = try LoopbackClient(port: served.port)
        client.send("POST", "/v1/chat/completions", body: Array("{}".utf8), headers: ["Content-Type: text/plain"])
        #expect(try client.response().status == 415)
        let head = try LoopbackClient(port: served.port)
        head.send("DELETE", "/v1/models", headers: [])
        let response = try head.response()
        #expect(response.status == 405 && response.headers["allow"] == "GET")
    }

    @Test func keysLetClientsInAndLimitThem() throws {
        let served = try ServedModels(
            keys: """
                # who      key
                ada        0123456789abcdef  per_minute=2
                ben        fedcba9876543210
                """)
        #expect(try served.chat().status == 401)
        #expect(try served.get("/v1/models", headers: ["Authorization: Bearer 0123456789abcdee"]).status == 401)
        #expect(try served.get("/health").status == 200)
        let ada = ["Authorization: Bearer 0123456789abcdef"]
        #expect(try served.get("/v1/models", headers: ada).status == 200)
        #expect(try served.get("/v1/models", headers: ada).status == 200)
        let refused = try served.get("/v1/models", headers: ada)
        #expect(refused.status == 429 && Int(refused.headers["retry-after"] ?? "") ?? 0 >= 1)
        #expect(refused.json["error"]?["type"] == "rate_limit_error")
        #expect(try served.get("/v1/models", headers: ["Authorization: Bearer fedcba9876543210"]).status == 200)
        served.server.conduct.log.flush()
        #expect(served.lines.all.contains { $0["key"] == "ada" && $0["status"] == 429 })
    }

    @Test(arguments: [
        ("", "there is no key"), ("ada", "a name and a key"), ("ada short", "fewer than 16"),
        ("ada 0123456789abcdef x=1", "neither concurrent=N"), ("ada 0123456789abcdef concurrent=0", "neither concurrent=N"),
        ("ada 0123456789abcdef\nben 0123456789abcdef", "twice"),
    ])
    func aFileOfKeysIsChecked(text: String, reason: String) {
        let fault = #expect(throws: APIKeys.Fault.self) { try APIKeys(parsing: text) }
        #expect(fault?.description.contains(reason) == true)
    }

    /// A line says when, how long and how much, and nothing of what was said.
    @Test func theLogHasALineForEachRequest() throws {
        let served = try ServedModels()
        _ = try served.chat("a secret question")
        _ = try served.get("/nothing")
        served.server.conduct.log.flush()
        let lines = served.lines.all
        #expect(lines.compactMap { $0["status"]?.integer } == [200, 404])
        #expect(lines[0]["path"] == "/v1/chat/completions" && lines[0]["model"] == "tiny")
        #expect(lines[0]["completion_tokens"]?.integer ?? 0 > 0 && lines[0]["ms"]?.double ?? 0 > 0)
        #expect(!lines.contains { $0.canonicalText.contains("secret") })
        let metrics = try served.get("/metrics").text
        #expect(metrics.contains("decant_requests_total{route=\"/v1/chat/completions\",status=\"200\"} 1"))
        #expect(metrics.contains("decant_request_seconds_count 1") && metrics.contains("decant_running{model=\"tiny\"} 0"))
    }

    @Test func modelsSayWhatTheyAre() throws {
        let served = try ServedModels()
        let list = try served.get("/v1/models").json
        #expect(list["object"] == "list" && list["data"]?[0]?["id"] == "tiny" && list["data"]?[0]?["commit"] == "c0ffee7")
        let model = try served.get("/v1/models/tiny").json
        #expect(model["task"] == "calls" && model["functions"]?.array?.count == 2)
        #expect(try served.get("/v1/models/tiny/lineage").json["commit"] == "c0ffee")
        #expect(try served.get("/v1/models/none/lineage").status == 404)
        #expect(try served.get("/ready").status == 200)
    }

    /// One declaration makes routes and description.
    @Test func theDescriptionHasEveryRouteAndField() throws {
        let served = try ServedModels()
        let document = try served.get("/openapi.json").json
        for route in served.server.routes.all {
            let operation = try #require(document["paths"]?[route.path]?[route.method.rawValue.lowercased()])
            #expect(operation["responses"]?["200"] != nil)
            let schema = operation["requestBody"]?["content"]?["application/json"]?["schema"]
            #expect(
                Set(schema?["properties"]?.object?.keys.map { $0 } ?? []) == Set(route.fields?.declarations.map(\.name) ?? []))
        }
    }

    @Test func thePageNeedsNothingFromElsewhere() throws {
        let served = try ServedModels()
        let page = try served.get("/")
        #expect(page.status == 200 && page.headers["content-security-policy"]?.contains("default-src 'none'") == true)
        for path in ["/", "/page.css", "/page.js"] {
            let text = try served.get(path).text
            #expect(!text.contains("http://") && !text.contains("https://") && !text.contains("innerHTML"))
        }
    }

    @Test func aClientThatLeavesFreesItsPlace() throws {
        let model = try ServedFixture.model()
        let served = try ServedModels([model])
        let engine = try #require(model.engine)
        do {
            let client = try LoopbackClient(port: served.port)
            let body: JSON = ["model": "tiny", "prompt": "turn the", "max_tokens": 1000, "stream": true, "temperature": 2]
            client.send("POST", "/v1/completions", body: body.writtenBytes)
            _ = try client.take(through: "data: ")
        }
        for _ in 0..<500 where engine.figures.running > 0 { Thread.sleep(forTimeInterval: 0.02) }
        #expect(engine.figures.running == 0)
        #expect(try served.chat().status == 200)
    }

    @Test func moreThanMayWaitIsRefusedForNow() throws {
        let model = try ServedFixture.model(limits: EngineLimits(places: 1, waiting: 1))
        let served = try ServedModels([model])
        let body: JSON = ["model": "tiny", "prompt": "turn the", "max_tokens": 900, "temperature": 2]
        let clients = try (0..<12).map { _ in try LoopbackClient(port: served.port) }
        for client in clients { client.send("POST", "/v1/completions", body: body.writtenBytes) }
        let responses = try clients.map { try $0.response() }
        #expect(Set(responses.map(\.status)) == [200, 429])
        #expect(responses.first { $0.status == 429 }?.headers["retry-after"] != nil)
    }

    @Test func anAnswerThatTakesTooLongEnds() throws {
        let served = try ServedModels { $0.answerSeconds = 0 }
        let response = try served.post(
            "/v1/completions", ["model": "tiny", "prompt": "turn the", "max_tokens": 1000, "n": 100, "temperature": 2])
        #expect(response.status == 503 && response.json["error"]?["type"] == "server_error")
    }

    @Test func answersInProgressEndBeforeTheServer() throws {
        let served = try ServedModels()
        let client = try LoopbackClient(port: served.port)
        let body: JSON = ["model": "tiny", "prompt": "turn the", "max_tokens": 500, "stream": true, "temperature": 2]
        client.send("POST", "/v1/completions", body: body.writtenBytes)
        _ = try client.take(through: "data: ")
        served.server.drain()
        _ = try client.take(through: "data: [DONE]")
        #expect(throws: (any Error).self) { try served.get("/health") }
    }

    @Test func aReplacedModelEndsItsAnswers() throws {
        let served = try ServedModels()
        let client = try LoopbackClient(port: served.port)
        let body: JSON = ["model": "tiny", "prompt": "turn the", "max_tokens": 500, "stream": true, "temperature": 2]
        client.send("POST", "/v1/completions", body: body.writtenBytes)
        _ = try client.take(through: "c0ffee7")
        served.server.replace(try ServedFixture.model(seed: 8))
        #expect(try served.chat().json["system_fingerprint"] == "c0ffee8")
        let rest = String(decoding: try client.take(through: "data: [DONE]"), as: UTF8.self)
        #expect(!rest.contains("c0ffee8"))
    }

    @Test func labelsAndRanksAreWeighed() throws {
        let served = try ServedModels([
            try ServedFixture.model("labels", TaskDescription(.classify, labels: ["good", "bad"])),
            try ServedFixture.model("choices", TaskDescription(.choice)),
            try ServedFixture.model("ranks", TaskDescription(.rank)),
        ])
        let labels = try served.post("/v1/classify", ["model": "labels", "input": ["fine", "what time is it"]]).json
        #expect(labels["data"]?.array?.count == 2)
        #expect(labels["data"]?.array?.allSatisfy { ["good", "bad"].contains($0["label"]?.string) } == true)
        let choice = try served.post("/v1/classify", ["model": "choices", "input": "fine", "options": ["x", "y", "z"]]).json
        #expect(["x", "y", "z"].contains(choice["data"]?[0]?["label"]?.string))
        #expect(try served.post("/v1/classify", ["model": "choices", "input": "fine"]).status == 400)
        let body: JSON = ["model": "ranks", "query": "light", "documents": ["hall", "kitchen", "time"], "top_n": 2]
        let results = try #require(try served.post("/v1/rerank", body).json["results"]?.array)
        let scores = results.compactMap { $0["relevance_score"]?.double }
        #expect(scores.count == 2 && scores == scores.sorted(by: >) && scores.allSatisfy { (0...1).contains($0) })
        #expect(try served.chat("x", ["model": "ranks"]).json["error"]?["code"] == "wrong_endpoint")
    }
}
