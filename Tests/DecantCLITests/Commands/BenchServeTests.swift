import CanonicalJSON
import Foundation
import TestSupport
import Testing

/// `bench serve` against a server of `Tests/Fixtures/load`.
@Suite struct BenchServeTests {
    private let program: DecantProgram
    private let server: FixtureServer

    init() throws {
        program = try DecantProgram()
        server = try FixtureServer("load/server.py")
        try server.set(["first": 0.01, "gap": 0.001, "cached": 1])
        try program.write(
            "lights on\n\n{\"query\": \"lights off\"}\n{\"messages\": [{\"role\": \"user\", \"content\": \"play\"}]}\n",
            to: "asked.txt")
    }

    private var url: String { "http://127.0.0.1:\(server.port)" }

    private func bodies() throws -> [JSON] {
        try server.requestLines().compactMap { try JSON(parsing: $0)["body"] }
    }

    @Test func everyLoadIsMeasured() throws {
        let report = try #require(
            try program.run(
                "bench", "serve", url, "--model", "tiny", "--prompts", "asked.txt", "--concurrency", "1,4", "--rate", "100",
                "--requests", "8", "--answer-tokens", "3", "--slo-ttft", "60000", "--json"
            ).events.last)
        let loads = try #require(report["loads"]?.array)
        #expect(loads.map { $0["clients"]?.integer ?? $0["rate"]?.integer } == [1, 4, 100])
        for load in loads {
            #expect(load["answered"] == 8 && load["failed"] == 0 && load["answer_tokens"] == 3 && load["cached_tokens"] == 1)
            #expect(load["goodput"] == load["queries_per_second"])
            #expect(try #require(load["server_processors"]?.double) >= 0)
        }
        #expect(report["model"] == "tiny" && report["url"] == .string(url + "/v1"))
        #expect(try #require(report["peak_memory"]?.integer) > 1 << 20)
        let asked = try bodies()
        // Eight before each load warm the server up.
        #expect(asked.count == 48)
        let texts = asked.compactMap { $0["messages"]?[0]?["content"]?.string }
        #expect(Set(texts) == ["lights on", "lights off", "play"])
        #expect(asked.allSatisfy { $0["max_tokens"] == 3 && $0["stream"] == true && $0["temperature"] == 0 })
    }

    @Test func madePromptsNeverComeTwice() throws {
        let output = try program.run(
            "bench", "serve", url + "/v1/", "--model", "tiny", "--prompt-tokens", "20", "--shared-prefix", "12",
            "--completions",
            "--concurrency", "2", "--requests", "10", "--warm-up", "3", "--extra", "{\"ignore_eos\": true}"
        ).output
        #expect(output.contains("2 clients") && output.contains("Times in ms.") && output.contains("of a processor at most"))
        let prompts = try bodies().compactMap { $0["prompt"]?.string }
        #expect(prompts.count == 13 && Set(prompts).count == 13)
        #expect(Set(prompts.map { $0.split(separator: " ").prefix(12).joined(separator: " ") }).count == 1)
        #expect(try bodies().allSatisfy { $0["ignore_eos"] == true })
    }

    @Test func failuresAreCountedAndSaid() throws {
        try server.set(["fault": "500"])
        let run = try program.run(
            "bench", "serve", url, "--model", "tiny", "--prompts", "asked.txt", "--concurrency", "1", "--requests", "2",
            "--warm-up", "0", status: 1)
        #expect(run.errors.contains("2 of 2 requests failed: HTTP status 500: too much (2)"))
        server.stop()
        let gone = try program.run("bench", "serve", url, "--model", "tiny", "--prompts", "asked.txt", status: 1)
        #expect(gone.errors.contains("no server answers at 127.0.0.1:\(server.port)"))
    }

    @Test func whatIsWrongIsSaidBeforeAnythingIsAsked() throws {
        try program.write("{\"query\": \"a\"}\n{\"asked\": \"b\"}\n", to: "wrong.jsonl")
        try program.write("{\"query\": \"a\"}\n{\"prompt\": \"b\"}\n", to: "mixed.jsonl")
        let mistakes: [(arguments: [String], words: String)] = [
            (["https://models.example.org", "--prompts", "asked.txt"], "is not plain http"),
            (
                ["http://models.example.org", "--prompts", "asked.txt", "--api-key", "KEY"],
                "KEY is not sent to models.example.org"
            ),
            ([url, "--prompts", "asked.txt", "--api-key", "NO_SUCH_KEY"], "NO_SUCH_KEY, which --api-key names, is not set"),
            ([url, "--prompts", "wrong.jsonl"], "wrong.jsonl:2: there is no 'messages', 'query' or 'prompt'"),
            ([url, "--prompts", "mixed.jsonl"], "mixes conversations and texts"),
            ([url, "--prompts", "nowhere.jsonl"], "there is no file at nowhere.jsonl"),
            ([url, "--concurrency", "1,x"], "--concurrency"), ([url, "--concurrency", "0"], "whole numbers from 1 to 4096"),
            ([url, "--prompt-tokens", "9", "--shared-prefix", "8"], "must leave 4 words"),
            ([url, "--extra", "[]"], "--extra is no JSON object"),
        ]
        for (arguments, words) in mistakes {
            let process = try program.start(["bench", "serve", "--model", "tiny"] + arguments)
            let run = ProgramRun(readingToTheEndOf: process)
            #expect(run.status == 2 && run.errors.contains(words), "\(arguments): \(run.errors)")
        }
        #expect(try bodies().isEmpty)
    }
}
