import BuildModel
import CanonicalJSON
import Kinds
import Testing

/// Where tokens leave a model: `student.vocabulary`, and turns of `prune`.
@Suite struct VocabularyPlanTests {
    private static func graph(_ body: String) throws -> Graph {
        let sources = [("big", "ab"), ("small", "cd")].map { name, byte in
            "  \(name): {http: https://example.org/\(name).tar, sha256: \(String(repeating: byte, count: 32))}\n"
        }
        return try plan(body, header: fixtureHeader.replacing("data:", with: sources.joined() + "data:"))
    }

    private func inputs(of name: String, in graph: Graph) throws -> [String: String] {
        let stage = graph[try #require(graph.stage(named: name), "\(graph.names)")]
        return Dictionary(stage.inputs.map { ($0.name, graph[$0.stage].name) }, uniquingKeysWith: { $1 })
    }

    @Test func anImportedStudentLosesTokensBeforeItsFirstStep() throws {
        let graph = try Self.graph("student: {from: small, vocabulary: used}\ntransfer: SFT\n")
        #expect(try inputs(of: "student.vocabulary", in: graph) == ["model": "small.model", "data": "data"])
        #expect(try inputs(of: "student.sft", in: graph)["model"] == "student.vocabulary")
        let stage = graph[try #require(graph.stage(named: "student.vocabulary"))]
        #expect(stage.kind == "prune.vocabulary" && stage.numerics == .portable)
        #expect(
            stage.parameters == [
                "vocabulary": "used", "multiple": 64, "set": "train", "prompt": "query", "answer": "call",
            ])
        #expect(stage.origins.contains { $0.parameter == "vocabulary" && $0.field == "student.vocabulary" })
        #expect(KindCatalogue.standard.departures(of: stage.kind, stage.parameters) == [:])
        let plain = try Self.graph("student: {from: small}\ntransfer: SFT\n")
        #expect(!plain.stages.contains { $0.kind == "prune.vocabulary" })
    }

    @Test(arguments: [("used", "used"), ("8k", 8000), ("8192", 8192), ("25%", 0.25), ("0.25", 0.25)] as [(String, JSON)])
    func anAmountIsAWordANumberOrAShare(written: String, expected: JSON) throws {
        let graph = try Self.graph("student: {from: small, vocabulary: \(written)}\ntransfer: SFT\n")
        let stage = graph[try #require(graph.stage(named: "student.vocabulary"))]
        #expect(stage.parameters["vocabulary"] == expected)
        #expect(try PruneVocabulary(json: stage.parameters).json == stage.parameters)
    }

    /// What a teacher says is then of the student's tokens; its answers are texts, which it gives as it is.
    @Test func theTeacherThatScoresAnswersLosesTheSameTokens() throws {
        let graph = try Self.graph(
            "teacher: {from: big}\ntokenizer: {from: teacher}\nstudent: {from: small, vocabulary: used}\ntransfer: KD+oKD\n")
        let twin = ["model": "teacher.sft", "tokenizer": "student.vocabulary"]
        #expect(try inputs(of: "teacher.sft.vocabulary", in: graph) == twin)
        #expect(try inputs(of: "teacher.logits", in: graph)["teacher"] == "teacher.sft.vocabulary")
        #expect(try inputs(of: "teacher.samples", in: graph)["model"] == "teacher.sft")
        #expect(try inputs(of: "student.kd.okd", in: graph)["teacher"] == "teacher.sft.vocabulary")
        #expect(graph.stages.count { $0.kind == "prune.vocabulary" } == 2)
    }

    @Test(arguments: ["KD[GOLD]", "KD[ULD+CE]", "RFT", "DPO"])
    func whoComparesNoTokensNeedsNoOtherTeacher(transfer: String) throws {
        let graph = try Self.graph("teacher: {from: big}\nstudent: {from: small, vocabulary: used}\ntransfer: \(transfer)\n")
        #expect(graph.stages.filter { $0.kind == "prune.vocabulary" }.map(\.name) == ["student.vocabulary"])
    }

    @Test func aTurnOfPruningHasNoRecoveryOfItsOwn() throws {
        let graph = try Self.graph(
            """
            teacher: {from: small}
            student: {from: small}
            transfer: KD
            prune:
              - {vocabulary: 8192, data: utterances}
              - {method: depth, layers: 1, recover: "KD(steps: 4)"}
              - {method: depth, layers: 1, teacher: unpruned, recover: "KD(steps: 5)"}
            """)
        let pruned = "student.kd.prune[8192 tokens]"
        #expect(try inputs(of: pruned, in: graph) == ["model": "student.kd", "text": "source.utterances"])
        #expect(graph.stage(named: "\(pruned).recover") == nil)
        // The teacher of the second turn, and the model before all turns.
        let twins = graph.stages.filter { $0.kind == "prune.vocabulary" && $0.inputs.contains { $0.name == "tokenizer" } }
        #expect(twins.map(\.name) == ["teacher.sft.vocabulary", "student.kd.vocabulary"])
        let scorers = graph.stages.filter { $0.kind == "kd.capture" }.map { graph[$0.inputs[0].stage].name }
        #expect(scorers == ["teacher.sft", "teacher.sft.vocabulary", "student.kd.vocabulary"])
        // Each model of the chain is a row of the report: KD, tokens, and two removals with their recoveries.
        let report = try #require(graph.stages.last { $0.kind == "report" })
        #expect(report.parameters["rows"]?.array?.count == 6 + 1)
    }

    @Test func aTurnMayBeRecoveredFrom() throws {
        let graph = try Self.graph(
            "student: {from: small}\ntransfer: SFT\nprune: {vocabulary: 25%, recover: \"SFT(steps: 3)\"}\n")
        #expect(graph.names.contains("student.sft.prune[25% of tokens].recover"))
    }

    /// All that the student will read: rows as its teacher's prompts show them, and those of other data.
    @Test func otherViewsAndDataCount() throws {
        let graph = try Self.graph(
            """
            prompts: {teacher: full, student: compressed}
            instructions: Say what is to be done.
            datasets: {more: {generate: {functions: functions, templates: utterances, seed: 3}}}
            student: {from: small, vocabulary: used}
            transfer: "SFT+SFT(data: more)"
            """)
        let inputs = try inputs(of: "student.vocabulary", in: graph)
        #expect(Set(inputs.keys) == ["model", "data", "data.0", "data.1"])
        #expect(Set(inputs.values).count == 4)
    }

    @Test func reasoningsCountWhereAStrategyHasThem() throws {
        let graph = try Self.graph(
            "teacher: {from: small}\nstudent: {from: small, vocabulary: used}\ntransfer: \"RFT*(steps: 3)\"\n")
        let stage = graph[try #require(graph.stage(named: "student.vocabulary"))]
        #expect(stage.parameters["answer"] == "reasoning")
    }
}
