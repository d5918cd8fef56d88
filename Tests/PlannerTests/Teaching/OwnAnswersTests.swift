import BuildModel
import CanonicalJSON
import Planner
import Testing

/// `sample: none`, and texts among the rows.
@Suite struct OwnAnswersTests {
    @Test func withoutSamplesNothingIsJudgedAndTheRowsAreScored() throws {
        let graph = try plan(
            """
            sample: none
            teachers: {wide: {init: {hidden: 256}}}
            transfer: "KD(steps: 3)+oKD(steps: 3)"
            prune: {ratio: 20%, recover: "KD(steps: 4)"}
            """)
        #expect(!graph.stages.contains { ["sample", "judge"].contains($0.kind) })
        let captures = graph.stages.filter { $0.kind == "kd.capture" }
        #expect(captures.map(\.name).sorted() == ["teacher.logits", "teachers.wide.logits"])
        for capture in captures {
            #expect(capture.inputs.map(\.name) == ["teacher", "data"])
            #expect(capture.parameters["answer"] == nil)
        }
        #expect(graph.stages.count { $0.kind == "kd.train" } == 2)
    }

    @Test func reasoningIsThatOfTheRows() throws {
        let graph = try plan("sample: none\ntransfer: KD*\n")
        let capture = try #require(graph.stages.first { $0.kind == "kd.capture" })
        #expect(capture.parameters["answer"] == "reasoning")
        #expect(capture.inputs.map { graph[$0.stage].name } == ["teacher.sft.reasoning.rl", "data"])
    }

    /// A sample that is written as it is by default, or left out, changes no parameter.
    @Test func withSamplesKeysAreAsTheyWere() throws {
        let graph = try plan("")
        #expect(try plan("sample: {}\n").shapes == graph.shapes)
        let capture = try #require(graph.stages.first { $0.kind == "kd.capture" })
        #expect(capture.inputs.map(\.name) == ["teacher", "data", "judged"])
        #expect(capture.parameters["answer"] == nil)
    }

    /// A teacher that nobody asks is not drawn, and the student brings its own tokenizer.
    @Test func onlyModelsThatAreDrawnNeedATokenizer() throws {
        let header = fixtureHeader.replacing(
            "sources:",
            with: """
                sources:
                  small: {huggingface: a/b, revision: main, member: model.gguf, sha256: \(Digest(hashing: "x").hex)}
                """)
        let graph = try plan("student: {from: small}\nsample: none\ntransfer: \"SFT(steps: 3)\"\n", header: header)
        #expect(!graph.stages.contains { ["tokenizer.train", "model.init"].contains($0.kind) })
        let drawn = try plan(
            "student: {from: small}\nteacher: {init: {hidden: 64}}\ntransfer: \"RFT(steps: 3)\"\n", header: header)
        #expect(drawn.stages.count { $0.kind == "tokenizer.train" } == 1)
    }

    @Test func aRecipeOfTextsMeasuresWithoutAsking() throws {
        let header = """
            decant: 1
            name: speeches
            sources: {functions: {path: speeches.txt}, utterances: {path: more.txt}}
            data: {ingest: {format: text, train: functions, sets: {more: {from: utterances}}}}

            """
        let graph = try plan(
            "sample: none\nprune: {}\nevaluate: {metrics: [perplexity], perplexity: {text: utterances}}\n", header: header)
        let rows = try #require(graph.stages.first { $0.kind == "data.ingest" })
        #expect(rows.parameters == ["format": "text", "sets": ["more"]])
        #expect(graph.stages.filter { $0.kind == "eval.generate" }.allSatisfy { $0.parameters["sets"] == [] })
        #expect(graph.stages.contains { $0.kind == "eval.perplexity" })
    }
}
