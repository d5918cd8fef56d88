import CanonicalJSON
import Foundation
import TestSupport
import Testing

/// Judges in whole builds: a program, one that is held against labels, and a model that reasons.
@Suite struct JudgeBuildTests {
    private static func recipe(_ judge: String, sources: String = "") -> String {
        """
        decant: 1
        name: tiny
        sources: {functions: {path: functions.yaml}, utterances: {path: utterances.yaml}\(sources)}
        data:
          generate: {functions: functions, templates: utterances, count: 120, seed: 3}
          split: {test: 15%, valid: 0%}
        tokenizer: {vocabulary: 300}
        student: {init: {hidden: 32, layers: 1, heads: 2, kv_heads: 1, intermediate: 64}}
        transfer: "SFT(steps: 10)"
        judge: \(judge)
        evaluate: {sets: [test]}
        """
    }

    private static let program = """
        import json
        with open("outputs/verdicts.jsonl", "w") as out:
            for line in open("inputs/responses/responses.jsonl"):
                r = json.loads(line)
                right = r["response"] == r["reference"]
                print(json.dumps({"accepted": right, "reason": "another call", "rationale": "wanted " + r["reference"]}), file=out)
        """

    private static func label(_ wanted: String, _ given: String, _ accepted: Bool) -> String {
        let answer: JSON = ["name": "play", "arguments": ["genre": .string(wanted)]]
        let given: JSON = [["name": "play", "arguments": ["genre": .string(given)]]]
        let label: JSON = [
            "query": .string("play \(wanted)"), "answers": [answer], "response": .string(PlainCalls.text(given)),
            "accepted": .bool(accepted), "reason": accepted ? .null : "another genre",
        ]
        return label.canonicalText
    }

    private static func validated() throws -> DecantProgram {
        let program = try DecantProgram(
            recipe: recipe(
                "[{kind: exec, command: [python3, inputs/script/check.py], script: checker, validate: labels}, format]",
                sources: ", checker: {path: check.py}, labels: {path: labels.jsonl}"))
        try program.write(Self.program, to: "check.py")
        let labels = [label("jazz", "jazz", true), label("jazz", "rock", false)]
        try program.write(labels.joined(separator: "\n"), to: "labels.jsonl")
        return program
    }

    /// A judge that people contradict stops the build before anything believes it; more labels judge nothing anew.
    @Test func aJudgeThatAgreesTooSeldomStopsTheBuild() throws {
        let program = try Self.validated()
        let right = try String(contentsOf: program.folder.appending(path: "labels.jsonl"), encoding: .utf8)
        try program.write(right + "\n" + Self.label("jazz", "soul", true), to: "labels.jsonl")
        let failed = try program.run("build", "tiny.yaml", "--json", status: 1)
        let failure = try #require(failed.events.first { $0["event"] == "stage-failed" })
        #expect(failure["stage"] == "judge.gate")
        #expect(failure["log"]?[0]?.string?.contains("agrees with 66.7% of 3 labels") == true)
        #expect(failure["log"]?[0]?.string?.contains("the recipe wants 90.0%") == true)
        #expect(!failed.events.contains { $0["event"] == "stage-finished" && $0["stage"] == "student.sft.scores" })

        try program.write(right, to: "labels.jsonl")
        #expect(try program.build()["failed"] == [])
        try program.write(right + "\n" + Self.label("soul", "soul", true), to: "labels.jsonl")
        let again = try program.build()
        #expect(again.strings("ran").contains("judge.validated"))
        #expect(!again.strings("ran").contains("student.sft.scores"))

        let shown = try program.run("show", "judge.validated").output
        #expect(shown.contains("the judge agrees with 100.0% of 3 labels (κ 1.000)"))
        #expect(shown.contains("another genre"))
        let pages = try program.run("show", "student.sft.scores", "--verdicts").output
        #expect(pages.contains("page 1 of "))
        let line = try #require(try program.run("show", "report", "--verdicts", "--json").events.first)
        #expect(line["page"] == 1 && line["verdicts"]?[0]?["stage"] == "student.sft.scores")
        #expect(try program.run("show", "data", "--verdicts", status: 2).errors.contains("no model and no program judged"))
    }

    /// A judge's program that came from elsewhere runs only where somebody allowed it, as commands of stages do.
    @Test func aReceivedProgramIsAskedAbout() throws {
        let program = try Self.validated()
        try ProgramRun.output(of: ["git", "init", "--quiet", "--bare", "models.git"], in: program.folder)
        program.cache = "theirs"
        try program.build()
        try program.run("push", "models.git")
        program.cache = "ours"
        try program.run("clone", "models.git", "--cache", "ours")
        let refused = try program.run("verify", "tiny", status: 2)
        #expect(refused.errors.contains("python3 inputs/script/check.py"))
        let digest = String(try #require(refused.errors.firstMatch(of: /trust command ([0-9a-f]{64})/)).1)
        // One program, whichever stage runs it.
        try program.run("trust", "command", digest)
        let verified = try program.run("verify", "tiny").output
        #expect(verified.contains(" 0 differ"))
    }
}

/// Calls as a response spells them.
private enum PlainCalls {
    static func text(_ calls: JSON) -> String {
        let spelled = (calls.array ?? []).map {
            #"{"name":\#(($0["name"] ?? .null).canonicalText),"arguments":\#(($0["arguments"] ?? .null).canonicalText)}"#
        }
        return "[" + spelled.joined(separator: ",") + "]"
    }
}

/// A judge behind a server that reasons: asked once, recorded, replayed.
@Suite(.serialized) struct ReasoningJudgeBuildTests {
    let server: ModelServer

    init() throws { server = try ModelServer() }

    @Test func itsRationalesAreRecordedAndNothingIsAskedTwice() throws {
        try server.set(["says": "<think>It may be right.</think>It looks right.\nVerdict: yes"])
        let program = try DecantProgram(
            recipe: """
                decant: 1
                name: tiny
                sources: {functions: {path: functions.yaml}, utterances: {path: utterances.yaml}}
                data:
                  generate: {functions: functions, templates: utterances, count: 120, seed: 3}
                  split: {test: 15%, valid: 0%}
                tokenizer: {vocabulary: 300}
                student: {init: {hidden: 32, layers: 1, heads: 2, kv_heads: 1, intermediate: 64}}
                transfer: "SFT(steps: 10)"
                judge: {kind: model, endpoint: {url: "http://127.0.0.1:\(server.port)/v1", model: large}, reference: none, verdict: last_line, votes: 3}
                evaluate: {sets: [test]}
                """)
        #expect(try program.build()["failed"] == [])
        let asked = server.requests().count
        #expect(asked > 0 && asked.isMultiple(of: 3))
        let page = try #require(try program.run("show", "student.sft.scores", "--verdicts", "--json").events.first)
        let verdict = try #require(page["verdicts"]?[0])
        #expect(verdict["verdict"] == "yes" && verdict["votes"]?.array?.count == 3)
        #expect(verdict["votes"]?[0]?["rationale"] == "It may be right.\n\nIt looks right.")
        #expect(try program.run("show", "report").output.contains("What the judge accepts, what the rules of ast accept"))
        server.stop()
        try program.run("verify", "student.sft.scores", "--stage", "eval.score")
        #expect(try program.build()["ran"] == [])
    }
}
