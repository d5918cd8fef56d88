import BuildModel
import CanonicalJSON
import Foundation
import TestSupport
import Testing

/// A teacher behind a server: asked once, recorded, replayed.
@Suite(.serialized) struct EndpointTests {
    let server: ModelServer

    init() throws { server = try ModelServer() }

    /// The lines of a file of a stage's artifact, which is there already.
    private func lines(_ file: String, of stage: String, in program: DecantProgram) throws -> [JSON] {
        let folder = "export-\(UUID().uuidString)"
        let events = try program.run("build", "tiny.yaml", stage, "--json").events
        let finished = try #require(events.first { $0["event"] == "stage-finished" && $0["stage"]?.string == stage })
        #expect(finished["cached"] == true)
        try program.run("export", #require(finished["commit"]?.string), folder)
        return try String(contentsOf: program.folder.appending(path: "\(folder)/\(file)"), encoding: .utf8)
            .split(separator: "\n").map { try JSON(parsing: String($0)) }
    }

    /// Seeds of the answers that the store has recorded.
    private func recordedSeeds(_ program: DecantProgram) throws -> Set<Int> {
        let folder = program.folder.appending(path: "\(program.cache)/recordings")
        var seeds: Set<Int> = []
        for file in (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? [] where file.hasSuffix(".jsonl") {
            let text = String(decoding: try Data(contentsOf: folder.appending(path: file)), as: UTF8.self)
            for line in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
                seeds.insert(try #require(JSON(parsing: String(line.dropFirst(65)))["settings"]?["seed"]?.integer))
            }
        }
        return seeds
    }

    /// From the recipe to the student, through a server with every fault there is.
    @Test func aStudentLearnsFromATeacherBehindABadServer() throws {
        try server.set(["faults": 0.3])
        let program = try server.program(", concurrency: 8", timeout: 3)
        let done = try program.build()
        #expect(done["failed"] == [])
        let rollouts = try lines("rollouts.jsonl", of: "teacher.samples", in: program)
        let rows = try lines("train.jsonl", of: "data", in: program)
        #expect(rollouts.map { $0["id"]?.string } == rows.map { $0["id"]?.string })
        #expect(rollouts.allSatisfy { $0["ended"] == true && $0["sample"] == 0 })
        #expect(rollouts.contains { $0["response"]?.string?.hasPrefix(#"[{"name":"set_light","arguments":{"room":""#) == true })
        let exchanges = try lines("exchanges.jsonl", of: "teacher.samples", in: program)
        #expect(
            exchanges.count == rows.count && exchanges.allSatisfy { $0["model"] == "large" && ChatExchange(json: $0) != nil })
        #expect(exchanges.allSatisfy { $0["answer"]?["usage"]?["total_tokens"] == 120 })
        // The row's candidates, which lack the function out of domain.
        #expect(server.requests().allSatisfy { $0["tools"] == ["play", "set_heat", "set_light"] })
        let seeds = server.answeredSeeds()
        #expect(seeds.count == rows.count && Set(seeds).count == rows.count)
        #expect(Set(server.requests().compactMap { $0["what"]?.string }).count >= 5)
        #expect(!(try lines("accepted.jsonl", of: "teacher.judged", in: program)).isEmpty)
        // Another build asks nothing, and neither does one that the lineage is verified by.
        server.stop()
        #expect(try program.build()["ran"] == [])
        let verified = try program.run("verify", "teacher.samples", "--stage", "endpoint.sample")
        #expect(verified.output.contains("1 of") && verified.output.contains(" 0 differ"))
        #expect(try program.run("fsck").output.contains(" 0 problems"))
    }

    @Test func aChangedRecipeAsksOnlyWhatIsNew() throws {
        let program = try server.program()
        try program.build()
        let first = server.answeredSeeds()
        try program.edit("tiny.yaml", "samples: 1", "samples: 3")
        try program.edit("tiny.yaml", "keep: 1", "keep: 2")
        try program.build()
        let second = server.answeredSeeds()
        #expect(second.count == 3 * first.count && Set(second).count == second.count)
        let rollouts = try lines("rollouts.jsonl", of: "teacher.samples", in: program)
        #expect(rollouts.count == second.count)
        #expect(rollouts.prefix(4).compactMap { $0["sample"]?.integer } == [0, 1, 2, 0])
        // Back again, and with other limits: all is there.
        try program.edit("tiny.yaml", "samples: 3", "samples: 2")
        try program.edit("tiny.yaml", "timeout: 60 s", "timeout: 50 s, max_requests: 1, max_cost: 1, price: {prompt: 1}")
        try program.build()
        #expect(server.answeredSeeds().count == second.count)
    }

    @Test func anAddedRowIsTheOnlyOneThatIsAsked() throws {
        func row(_ index: Int) -> String {
            #"{"messages":[{"role":"user","content":"play song \#(index)"},{"role":"assistant","tool_calls":"#
                + #"[{"function":{"name":"play","arguments":"{\"number\":1}"}}]}],"#
                + #""tools":[{"type":"function","function":{"name":"play","parameters":{"type":"object","#
                + #""properties":{"number":{"type":"integer"}},"required":["number"]}}}]}"#
        }
        let program = try server.program()
        try program.write(
            """
            decant: 1
            name: asked
            sources: {rows: {path: rows.jsonl}}
            data: {ingest: {format: openai, train: rows}, split: {test: 0%, valid: 0%}}
            teacher: {endpoint: {url: "http://127.0.0.1:\(server.port)/v1", model: large}}
            transfer: RFT
            """, to: "tiny.yaml")
        try program.write((1...9).map(row).joined(separator: "\n"), to: "rows.jsonl")
        try program.run("build", "tiny.yaml", "teacher.judged")
        #expect(server.requests().count == 9)
        #expect(server.requests().allSatisfy { $0["tools"] == ["play"] })
        try program.write((0...9).map(row).joined(separator: "\n"), to: "rows.jsonl")
        try program.run("build", "tiny.yaml", "teacher.judged")
        #expect(server.requests().dropFirst(9).compactMap { $0["query"]?.string } == ["play song 0"])
    }

    /// Killed again and again: what was recorded is asked no more, and the end is the artifact of a build that nobody killed.
    @Test func killedAtAnyMomentNothingRecordedIsAskedAgain() throws {
        // Slow enough that no build ends before it is killed.
        try server.set(["pause": 0.1, "faults": 0.1])
        let concurrency = 4
        let program = try server.program(", concurrency: \(concurrency)", timeout: 3)
        var kills = 0
        for moment in 1...6 {
            let before = server.requests().count
            let process = try program.start(["build", "tiny.yaml", "teacher.samples", "--json"])
            while process.isRunning, server.requests().count < before + 3 * moment { usleep(2000) }
            usleep(UInt32(moment * 1700))
            guard process.isRunning else { break }
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
            kills += 1
            let recorded = try recordedSeeds(program)
            let asked = server.requests().count
            if moment == 3 { try program.run("fsck") }
            let next = try program.start(["build", "tiny.yaml", "teacher.samples", "--json"])
            while next.isRunning, server.requests().count < asked + 2 { usleep(2000) }
            kill(next.processIdentifier, SIGKILL)
            next.waitUntilExit()
            kills += 1
            let again = server.requests().dropFirst(asked).filter { $0["what"] == "answer" }.compactMap { $0["seed"]?.integer }
            #expect(recorded.isDisjoint(with: again), "moment \(moment)")
        }
        #expect(kills >= 6)
        try server.set(["faults": 0.1])
        try program.run("build", "tiny.yaml", "teacher.samples")
        let seeds = server.answeredSeeds()
        let rollouts = try lines("rollouts.jsonl", of: "teacher.samples", in: program)
        #expect(Set(seeds).count == rollouts.count)
        // Only answers that a dying process had no time to take can have come twice.
        #expect(seeds.count - rollouts.count <= kills * concurrency)
        let whole = try server.program(timeout: 3)
        try whole.run("build", "tiny.yaml", "teacher.samples")
        #expect(try lines("rollouts.jsonl", of: "teacher.samples", in: whole) == rollouts)
    }

    @Test func ctrlCKeepsWhatWasAnswered() throws {
        // Slow enough that the build does not end first.
        try server.set(["pause": 0.2])
        let program = try server.program()
        let process = try program.start(["build", "tiny.yaml", "teacher.samples"])
        while process.isRunning, server.requests().count < 8 { usleep(5000) }
        process.interrupt()
        process.waitUntilExit()
        #expect(process.terminationStatus == 130)
        let asked = server.answeredSeeds().count
        #expect(try recordedSeeds(program).count == asked)
        try program.run("build", "tiny.yaml", "teacher.samples")
        let seeds = server.answeredSeeds()
        #expect(seeds.count > asked && Set(seeds).count == seeds.count)
    }

    @Test func twoBuildsAtOnceAskEachQuestionOnce() throws {
        try server.set(["pause": 0.02])
        let program = try server.program()
        let recipe = try String(contentsOf: program.folder.appending(path: "tiny.yaml"), encoding: .utf8)
        try program.write(recipe.replacing("samples: 1", with: "samples: 2"), to: "more.yaml")
        let processes = try ["tiny.yaml", "more.yaml"].map { try program.start(["build", $0, "teacher.samples"]) }
        for process in processes { process.waitUntilExit() }
        #expect(processes.map(\.terminationStatus) == [0, 0])
        let seeds = server.answeredSeeds()
        #expect(Set(seeds).count == seeds.count)
        #expect(try recordedSeeds(program) == Set(seeds))
    }

    @Test func theBudgetEndsTheStageAndTheNextBuildGoesOn() throws {
        let program = try server.program(", max_requests: 20")
        let failed = try program.run("build", "tiny.yaml", "teacher.samples", status: 1)
        #expect(failed.errors.contains("'max_requests: 20' is used up by 20 questions of this build; 20 of"))
        #expect(server.requests().count == 20)
        try program.edit("tiny.yaml", "max_requests: 20", "max_requests: 1000")
        let events = try program.run("build", "tiny.yaml", "teacher.samples", "--json").events
        let seeds = server.answeredSeeds()
        #expect(seeds.count > 20 && Set(seeds).count == seeds.count)
        let readings = events.compactMap { $0["progress"] }.filter { $0["unit"] == "request" }
        #expect(readings.first?["done"] == 20)
        #expect(readings.last?["readings"]?["asked"]?.integer == seeds.count - 20)
    }

    @Test func aPlanCountsWhatIsRecordedAndWhatIsMissing() throws {
        let program = try server.program(", max_requests: 20")
        func answers() throws -> JSON? {
            try program.run("plan", "tiny.yaml", "--json").events.first?["stages"]?.array?
                .first { $0["name"] == "teacher.samples" }?["answers"]
        }
        // Nobody knows the rows yet.
        #expect(try answers() == nil)
        try program.run("build", "tiny.yaml", "data")
        let rows = try lines("train.jsonl", of: "data", in: program).count
        #expect(try answers() == ["recorded": 0, "missing": .integer(Int64(rows))])
        try program.run("build", "tiny.yaml", "teacher.samples", status: 1)
        #expect(try answers() == ["recorded": 20, "missing": .integer(Int64(rows - 20))])
        #expect(try program.run("plan", "tiny.yaml").output.contains("20 of \(rows) answers recorded, \(rows - 20) to ask"))
    }

    @Test func aRefusalSaysWhatTheServerSaysAndHowToMendIt() throws {
        try server.set(["refuse": 404, "message": "the model `large` does not exist"])
        let program = try server.program()
        let failed = try program.run("build", "tiny.yaml", "teacher.samples", status: 1)
        #expect(failed.errors.contains("HTTP status 404: the model `large` does not exist; look at 'url'"))
        #expect(server.requests().count <= 4)
    }

    @Test func theKeyStandsNowhere() throws {
        let key = "sk-decant-Zq81"
        try server.set(["key": .string(key), "echo": true, "faults": 0.2])
        let program = try server.program(", api_key_env: TEACHER_KEY", timeout: 3)
        // Nobody has allowed that the recipe sends it there.
        program.extraEnvironment["TEACHER_KEY"] = key
        let host = "127.0.0.1:\(server.port)"
        let refused = try program.run("build", "tiny.yaml", "teacher.samples", status: 1)
        #expect(refused.errors.contains("`decant trust secret TEACHER_KEY \(host)`"))
        try program.run("trust", "secret", "TEACHER_KEY", host)
        program.extraEnvironment["TEACHER_KEY"] = nil
        let unset = try program.run("build", "tiny.yaml", "teacher.samples", status: 1)
        #expect(unset.errors.contains("the environment variable TEACHER_KEY, which 'api_key_env' names, is not set"))
        #expect(server.requests().isEmpty)

        program.extraEnvironment["TEACHER_KEY"] = "sk-wrong-Zq81"
        let wrong = try program.run("build", "tiny.yaml", "teacher.samples", status: 1)
        #expect(wrong.errors.contains("HTTP status 401: no Bearer (the key)"))
        program.extraEnvironment["TEACHER_KEY"] = key
        let right = try program.run("build", "tiny.yaml")
        for text in [wrong.errors, wrong.output, right.errors, right.output] { #expect(!text.contains("Zq81")) }

        var searched = 0
        let files = try #require(FileManager.default.enumerator(atPath: program.folder.path)).compactMap { $0 as? String }
        for file in files {
            guard let content = FileManager.default.contents(atPath: program.folder.appending(path: file).path) else {
                continue
            }
            searched += 1
            #expect(content.range(of: Data("Zq81".utf8)) == nil, "\(file)")
        }
        #expect(searched > 30)
        // Compressed git objects are among them: they are looked at as well.
        let objects = try program.shell(
            "git -C cache/lineage.git cat-file --batch-all-objects --batch --buffer | grep -c Zq81 || true")
        #expect(objects.trimmingCharacters(in: .whitespacesAndNewlines) == "0")
    }

    /// A colleague who pulls the lineage asks nothing; with another recipe, what the lineage does not hold.
    @Test func aPulledLineageAsksNothing() throws {
        let program = try server.program()
        try program.build()
        try program.shell("git init --quiet --bare models.git")
        try program.run("push", "models.git")
        try program.run("clone", "models.git", "--cache", "theirs")
        let asked = server.requests().count
        program.cache = "theirs"
        #expect(try program.build()["ran"] == [])
        #expect(server.requests().count == asked)
        try program.edit("tiny.yaml", "samples: 1", "samples: 2")
        try program.build()
        let seeds = server.answeredSeeds()
        #expect(seeds.count == 2 * asked && Set(seeds).count == seeds.count)
    }

    /// The ways in which servers spell calls, and what is none.
    @Test(arguments: [
        ("tools", true, true), ("text", true, true), ("fenced", true, true), ("marked", true, true), ("plain", false, true),
        ("cut", false, false), ("broken", false, true),
    ])
    func answersBecomeCalls(how: String, isCall: Bool, isWhole: Bool) throws {
        try server.set(["calls": .string(how)])
        let program = try server.program(count: 40)
        try program.run("build", "tiny.yaml", "teacher.samples")
        for rollout in try lines("rollouts.jsonl", of: "teacher.samples", in: program) {
            let response = try #require(rollout["response"]?.string)
            let calls = (try? JSON(parsing: response))?.array
            #expect((calls?.first?["name"]?.string != nil) == isCall, "\(response)")
            #expect(rollout["ended"]?.bool == isWhole)
            switch how {
            case "plain": #expect(response == "I cannot do that.")
            case "broken": #expect(response.contains(#""arguments":{room: kitchen"#))
            case "cut": #expect(response.hasPrefix("[{"))
            default: #expect(response.hasPrefix(#"[{"name":"#) && response.hasSuffix("}}]"))
            }
        }
    }

    @Test func theStageKeepsItsDigest() throws {
        let program = try server.program(sample: "samples: 2")
        let events = try program.run("build", "tiny.yaml", "teacher.samples", "--json").events
        let digest = events.first { $0["stage"] == "teacher.samples" && $0["event"] == "stage-finished" }?["artifact"]?.string
        try golden.expect((digest ?? "none") + "\n", equals: "endpoint-digest.txt")
    }
}

/// A server of chat completions on this machine, as a person's recipe would name one.
final class ModelServer: FixtureServer {
    convenience init() throws { try self.init("endpoint/server.py") }

    /// All requests so far.
    func requests() -> [JSON] { requestLines().compactMap { try? JSON(parsing: $0) } }

    /// Of the requests that were answered.
    func answeredSeeds() -> [Int] { requests().filter { $0["what"] == "answer" }.compactMap { $0["seed"]?.integer } }

    /// A teacher behind this server, and a student that learns from its answers.
    ///
    /// - Parameter timeout: seconds of a request: few where the server stalls, else so many that a busy machine has the time.
    func program(
        _ endpoint: String = "", timeout: Int = 60, sample: String = "samples: 1", count: Int = 120
    ) throws -> DecantProgram {
        try DecantProgram(
            recipe: """
                decant: 1
                name: asked
                sources: {functions: {path: functions.yaml}, utterances: {path: utterances.yaml}}
                data:
                  generate: {functions: functions, templates: utterances, count: \(count), seed: 3, hold_out: {templates: 15%, values: 10%}}
                  split: {test: 15%, valid: 5%, ood: {functions: [find_phone]}}
                tokenizer: {vocabulary: 300}
                teacher: {endpoint: {url: "http://127.0.0.1:\(port)/v1", model: large, timeout: \(timeout) s\(endpoint)}}
                student: {init: {hidden: 32, layers: 1, heads: 2, kv_heads: 1, intermediate: 64}}
                sample: {\(sample)}
                judge: {kind: ast, keep: 1}
                transfer: "RFT(steps: 10)"
                evaluate: {sets: [test], teacher: false}
                """)
    }
}
