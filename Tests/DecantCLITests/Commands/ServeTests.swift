import BuildModel
import CanonicalJSON
import Engine
import Foundation
import Stages
import TestSupport
import Testing

/// `decant serve` answers over HTTP what `decant run` answers.
@Suite(.mustEnd) struct ServeTests {
    /// The program while it serves.
    private final class Serving {
        let process: Process
        let port: Int
        /// The first line of its output.
        let event: JSON

        init(_ program: DecantProgram, _ arguments: String...) throws {
            process = try program.start(["serve"] + arguments + ["--port", "0", "--json"])
            let output = try #require(process.standardOutput as? Pipe).fileHandleForReading
            var line = Data()
            while line.last != UInt8(ascii: "\n") {
                let byte = try output.read(upToCount: 1) ?? Data()
                if byte.isEmpty {
                    let errors = try #require(process.standardError as? Pipe).fileHandleForReading.readDataToEndOfFile()
                    throw LoopbackClient.Failure(description: String(decoding: errors, as: UTF8.self))
                }
                line += byte
            }
            event = try JSON(parsing: line)
            port = try #require(URL(string: event["url"]?.string ?? "")?.port)
        }

        deinit { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }

        /// Ends it as a person would, and returns its status.
        func end() -> Int32 {
            process.terminate()
            process.waitUntilExit()
            return process.terminationStatus
        }
    }

    private func chat(_ question: String, _ model: String, port: Int) throws -> JSON {
        let messages: JSON = [["role": "user", "content": .string(question)]]
        return try LoopbackClient.post(
            "/v1/chat/completions", ["model": .string(model), "messages": messages], port: port
        ).json
    }

    @Test func answersAreThoseOfRun() throws {
        let program = try LineageWorkshop.built().program
        let serving = try Serving(program, "student.kd", "light=student.init")
        #expect(serving.event["models"] == ["student.kd", "light"])
        for (model, target) in [("student.kd", "student.kd"), ("light", "student.init")] {
            for question in ["kitchen light on", "what time is it"] {
                let wanted = try #require(try program.run("run", target, question, "--json", status: nil).events.first)
                let answer = try chat(question, model, port: serving.port)
                let calls = (answer["choices"]?[0]?["message"]?["tool_calls"]?.array ?? []).compactMap { $0["function"] }
                #expect(
                    calls.compactMap { $0["name"]?.string } == (wanted["calls"]?.array ?? []).compactMap { $0["name"]?.string })
                #expect(
                    try calls.map { try JSON(parsing: $0["arguments"]?.string ?? "") }
                        == (wanted["calls"]?.array ?? []).compactMap { $0["arguments"] })
                #expect(answer["usage"]?["prompt_tokens"] == wanted["prompt_tokens"])
                #expect(answer["usage"]?["completion_tokens"] == wanted["response_tokens"])
            }
        }
        let shown = try #require(try program.run("lineage", "student.kd", "--json").events.first)
        #expect(try LoopbackClient.get("/v1/models/student.kd/lineage", port: serving.port).json == shown)
        #expect(try chat("x", "student.kd", port: serving.port)["system_fingerprint"] == shown["commit"])
        #expect(serving.end() == 0)
    }

    /// Rounded keys and values give other likelihoods, and hardly so.
    @Test func keysAndValuesMayBeRounded() throws {
        let program = try LineageWorkshop.built().program
        let likelihoods = try ["float32", "int8"].map { precision -> [Double] in
            let serving = try Serving(program, "student.kd", "--cache-precision", precision)
            let wish: JSON = ["model": "student.kd", "prompt": "turn the kitchen light", "max_tokens": 8, "logprobs": 1]
            let answer = try LoopbackClient.post("/v1/completions", wish, port: serving.port).json
            #expect(serving.end() == 0)
            return (answer["choices"]?[0]?["logprobs"]?["token_logprobs"]?.array ?? []).compactMap(\.double)
        }
        let (exact, rounded) = (try #require(likelihoods[0].first), try #require(likelihoods[1].first))
        #expect(exact != rounded && abs(exact - rounded) < 0.2)
    }

    @Test func aNativeModelComputesAsItsEvaluationDid() throws {
        let program = try DecantProgram()
        try program.write(DecantProgram.tinyRecipe + "\nnumerics: native\n", to: "tiny.yaml")
        try program.build()
        try program.run("export", "student.kd", "model")
        let serving = try Serving(program, "student.kd")
        let asked: JSON = [
            "model": "student.kd", "messages": [["role": "user", "content": "kitchen light on"]], "logprobs": true,
            "return_token_ids": true,
        ]
        let json = try LoopbackClient.post("/v1/chat/completions", asked, port: serving.port).json
        let prompt = try #require(json["prompt_token_ids"]?.array).compactMap { $0.integer.map { Int32($0) } }
        let choice = try #require(json["choices"]?[0])
        let said = try #require(choice["token_ids"]?.array).compactMap { $0.integer.map { Int32($0) } }
        let told = try #require(choice["logprobs"]?["content"]?.array).compactMap { $0["logprob"]?.double.map { Float($0) } }
        var model = try ModelFolder(program.folder.appending(path: "model", directoryHint: .isDirectory)).inferenceModel()
        model.products = try ProductPrecision(Numerics.native(.ofThisMachine))
        let found = try LikelihoodReader(model, workers: WorkerPool(threads: 1)).likelihoods(
            of: said.indices.map { LikelihoodQuestion(context: prompt + said[..<$0], continuation: [said[$0]]) })
        #expect(!told.isEmpty && told.map(\.bitPattern) == found.map { Float($0.logProbability).bitPattern })
        #expect(serving.end() == 0)
    }

    @Test func aMovedTagIsFollowed() throws {
        let program = try LineageWorkshop.built().copy()
        try program.run("tag", "best", "student.init")
        let serving = try Serving(program, "best", "--follow")
        func commit() throws -> String? {
            try LoopbackClient.get("/v1/models", port: serving.port).json["data"]?[0]?["commit"]?.string
        }
        let first = try commit()
        try program.run("tag", "best", "student.kd", "--force")
        var looks = 0
        while try commit() == first, looks < 600 {
            Thread.sleep(forTimeInterval: 0.1)
            looks += 1
        }
        let shown = try #require(try program.run("show", "student.kd", "--json").events.first)
        #expect(try commit() == shown["commit"]?.string)
        #expect(try chat("kitchen light on", "best", port: serving.port)["choices"] != nil)
        #expect(serving.end() == 0)
    }

    @Test(arguments: [
        (["student.kd", "student.kd"], "two models have the name 'student.kd'"), (["report"], "is no model"),
        (["student.kd", "--cache-precision", "int4"], "float32"),
        (["nothing"], "nothing that was built last has a stage or target 'nothing'"),
        (["student.kd", "--port", "70000"], "--port must be from 0 to 65535"),
        (["student.kd", "--keys", "keys.txt"], "keys.txt, line 1: the key of 'ada' has fewer than 16 characters"),
        (["student.kd", "--host", "no.such.host.invalid"], "cannot be listened at"),
    ])
    func whatIsWrongIsSaidAndEndsWithTwo(arguments: [String], message: String) throws {
        let program = try LineageWorkshop.built().program
        try program.write("ada short\n", to: "keys.txt")
        let run = ProgramRun(readingToTheEndOf: try program.start(["serve"] + arguments))
        #expect(run.status == 2 && run.errors.contains(message), "\(run.errors)")
    }
}
