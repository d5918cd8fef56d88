import CanonicalJSON
import EncoderFixtures
import Foundation
import TestSupport
import Testing

/// Students beside the system that they replace, with functions that a trained classifier or written descriptions find.
@Suite struct ReplacedSystemTests {
    private static let classifier =
        "{method: classifier, encoder: small, top_k: 3, recall_at: [1, 5, 7, 10, 15], "
        + "training: {steps: 60, batch: 16, learning_rate: 0.01}}"
    private static let baseline = "baseline: {kind: icsf, training: {steps: 120, batch: 16, learning_rate: 0.01}}\n"

    static let recipe = """
        decant: 1
        name: tiny
        sources: {rows: {path: rows.jsonl}, small: {path: encoder}}
        data:
          ingest: {format: openai, train: rows}
          split: {test: 20%, ood: {functions: [find_phone]}}
          prompt: tools
          retrieve: \(classifier)
        tokenizer: {vocabulary: 320}
        student: {init: {hidden: 32, layers: 1, heads: 2, kv_heads: 1, intermediate: 64}}
        transfer: "SFT(steps: 20)"
        \(baseline)evaluate:
          sets: [test, ood]
          metrics: [ar, intent, slot_f1, flops, qps]
          max_tokens: 24
          domains: {home: [set_light, lock_door, find_phone], media: [play_music]}
        """

    /// The chats of the retrieval tests, and an encoder whose weights are known numbers.
    static func program() throws -> DecantProgram {
        let program = try RetrievalRecipeTests.program()
        try program.write(recipe, to: "tiny.yaml")
        for (path, content) in SmallEncoder.files() {
            let file = program.folder.appending(path: path)
            try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try content.write(to: file)
        }
        return program
    }

    /// A model that was drawn at random describes: what it says moves the vectors of some functions by chance.
    static func describing() throws -> DecantProgram {
        let program = try program()
        try program.edit("tiny.yaml", baseline, "")
        let describe = "describe: {from: writer, samples: 16, top_k: 1, max_tokens: 64, training: {steps: 4}}"
        try program.edit("tiny.yaml", classifier, "{method: embedding, encoder: small, top_k: 3, \(describe)}")
        try program.edit(
            "tiny.yaml", "transfer: \"SFT(steps: 20)\"",
            """
            transfer: "SFT(steps: 20)"
            stages:
              words: {kind: data.split, inputs: {data: data.rows}}
              letters: {kind: tokenizer.train, inputs: {data: words}, parameters: {vocabulary: 280}}
              writer:
                kind: model.init
                inputs: {tokenizer: letters}
                parameters: {shape: {hidden: 16, layers: 1, heads: 2, kv_heads: 1, intermediate: 24}}
            """)
        return program
    }

    @Test func theSystemThatIsReplacedStandsInTheReport() throws {
        let program = try Self.program()
        let done = try program.build()
        #expect(done["failed"] == [])
        let stages = [
            "retrieval.classifier", "baseline", "baseline.answers", "baseline.scores", "baseline.queries", "retrieval",
        ]
        for stage in stages {
            #expect(done.strings("ran").contains(stage), "\(stage)")
        }
        let report = try #require(try program.run("show", "report", "--json").events.first?["metrics"]?["report.json"])
        let rows = try #require(report["rows"]?.array)
        #expect(rows.map { $0["name"]?.string ?? "" } == ["baseline", "student.sft"])
        for row in rows {
            #expect((row["qps"]?.double ?? 0) > 0)
            #expect((row["flops"]?.double ?? 0) > 0)
            #expect(row["sets"]?["test"]?["intent"]?.double != nil)
        }
        // What it was taught it knows; what is new it cannot know.
        #expect((rows[0]["sets"]?["test"]?["intent"]?.double ?? 0) > 0.9)
        #expect(rows[0]["sets"]?["ood"]?["intent"] == 0)
        let retrieval = try program.run("show", "retrieval").output
        #expect(retrieval.contains("recall@7") && retrieval.contains("after another training"))
        #expect(try program.build()["ran"] == [])
    }

    /// More steps of the baseline leave students alone, and `plan` names the field.
    @Test func theBaselineIsRetrainedAlone() throws {
        let program = try Self.program()
        try program.build()
        try program.edit("tiny.yaml", "{steps: 120, batch: 16", "{steps: 121, batch: 16")
        let plan = try #require(try program.run("plan", "tiny.yaml", "--json").events.first)
        let stale = (plan["stages"]?.array ?? []).filter { $0["state"] == "stale" }
        #expect(stale.map { $0["name"]?.string ?? "" } == ["baseline"])
        #expect(stale.first?["why"]?[0]?["field"] == "baseline.training.steps")
    }

    @Test func writtenDescriptionsReachRetrieval() throws {
        let program = try Self.describing()
        let events = try program.run("build", "tiny.yaml", "data", "--json").events
        let done = try #require(events.last)
        #expect(done["failed"] == [])
        for stage in ["retrieval.candidates", "retrieval.writer", "retrieval.descriptions", "data"] {
            #expect(done.strings("ran").contains(stage), "\(stage)")
        }
        let shown = try program.run("show", "retrieval.candidates", "--json").events.first
        let figures = try #require(shown?["metrics"]?["summary.json"])
        #expect((figures["recall_after"]?.double ?? 0) >= (figures["recall_before"]?.double ?? 1))
        #expect((figures["accepted"]?.integer ?? 0) > 0)
    }
}
