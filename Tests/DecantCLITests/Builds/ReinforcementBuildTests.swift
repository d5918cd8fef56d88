import BuildModel
import CanonicalJSON
import Foundation
import Store
import Testing

/// Reinforcement learning and answers with reasoning, from the recipe to the report.
@Suite struct ReinforcementBuildTests {
    /// The teacher's and the students' steps are just enough that some of their answers are right.
    private static func recipe(_ transfers: String) -> String {
        """
        decant: 1
        name: tiny
        sources:
          functions: {path: functions.yaml}
          utterances: {path: utterances.yaml}
        data:
          generate: {functions: functions, templates: utterances, count: 400, seed: 3}
          split: {test: 10%}
          prompt: query
        tokenizer: {vocabulary: 400}
        teacher:
          init: {hidden: 64, layers: 2, heads: 4, kv_heads: 2, intermediate: 128}
          transfer: "SFT(steps: 200)+RL(steps: 3, batch: 8, rollouts: 4)"
        student: {init: {hidden: 64, layers: 2, heads: 4, kv_heads: 2, intermediate: 128}}
        evaluate: {sets: [test]}
        matrix:
          transfer: [\(transfers)]

        """
    }

    /// Strategies whose answers have reasoning.
    static func reasoning() throws -> DecantProgram {
        try DecantProgram(
            recipe: recipe(
                "\"KD*[0.5FKL+0.5CE](steps: 80)+RL(steps: 3, batch: 8, rollouts: 4)\", "
                    + "\"RFT*(steps: 80)+RL(steps: 3, batch: 8, rollouts: 4, updates: 2)\""))
    }

    @Test func strategiesWithReasoningBuild() throws {
        let program = try Self.reasoning()
        let events = try program.run("build", "tiny.yaml", "--json", "--threads", "2").events
        let done = try #require(events.last)
        #expect(done["event"] == "done" && done["failed"] == [])
        let lines = events.compactMap { event -> String? in
            guard event["event"] == "stage-finished", let name = event["stage"]?.string else { return nil }
            return "\(name) \(event["artifact"]?.string ?? "")"
        }
        try golden.expect(lines.sorted().joined(separator: "\n") + "\n", equals: "reasoning-digests.txt")
        let curve = try Self.curve(of: "teacher.sft.reasoning.rl", program)
        #expect(curve.count == 3)
        for name in ["reward", "right", "well_formed", "ended", "skipped_groups", "response_tokens", "entropy", "kl"] {
            #expect(curve.first?[name]?.double != nil, "\(name)")
        }
        // What the teacher was taught is well-formed, and what is kept of its answers is.
        let accepted = try Self.file("accepted.jsonl", of: "teacher.judged.reasoning", program)
        #expect(!accepted.isEmpty)
        #expect(accepted.allSatisfy { $0["response"]?.string?.hasPrefix("<think>") == true })
        let threads = try DecantProgram(
            recipe: try String(contentsOf: program.folder.appending(path: "tiny.yaml"), encoding: .utf8))
        threads.threads = 1
        #expect(DecantProgram.commits(try threads.build()) == DecantProgram.commits(done))
    }

    @Test func withoutASignalTheStageEndsEarlyAndSaysSo() throws {
        let program = try DecantProgram(recipe: Self.recipe("\"RL(steps: 30, batch: 2, rollouts: 2, tokens: 8)\""))
        #expect(try program.build()["failed"] == [])
        #expect(try Self.curve(of: "student.rl", program).count == 20)
        let before = try program.run("show", "student.init", "--json").events.first
        let after = try program.run("show", "student.rl", "--json").events.first
        func weights(_ shown: JSON?) -> JSON? { shown?["files"]?.array?.first { $0["path"] == "model.safetensors" } }
        #expect(weights(before) == weights(after) && weights(after) != nil)
        let summary = try #require(after?["metrics"]?["summary.json"])
        #expect(summary["steps"] == 20 && summary["planned_steps"] == 30 && summary["reward"]?["last"] == -1)
        #expect(summary["ended_because"]?.string?.contains("had the same reward (-1.0 on average)") == true)
    }

    private static func curve(of stage: String, _ program: DecantProgram) throws -> [JSON] {
        try file("curve.jsonl", of: stage, program)
    }

    private static func file(_ name: String, of stage: String, _ program: DecantProgram) throws -> [JSON] {
        let shown = try #require(try program.run("show", stage, "--json").events.first)
        let file = try #require(shown["files"]?.array?.first { $0["path"]?.string == name }?["sha256"]?.string)
        let bytes = try Store(at: program.folder.appending(path: "cache")).readObject(try #require(Digest(hex: file)))
        return try String(decoding: bytes, as: UTF8.self).split(separator: "\n").map { try JSON(parsing: String($0)) }
    }
}
