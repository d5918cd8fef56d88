import BuildModel
import CanonicalJSON
import Planner
import Testing

/// How answers to evaluated rows are found: written, or weighed by their likelihoods.
@Suite struct LikelihoodPlanTests {
    private func graph(_ task: String, _ evaluate: String = "") throws -> Graph {
        let header = """
            decant: 1
            name: options
            sources: {functions: {path: functions.jsonl}, utterances: {path: utterances.jsonl}}
            task: \(task)
            data: {ingest: {train: functions, test: utterances}}

            """
        return try plan("student: {init: {}}\nsample: none\ntransfer: SFT\n\(evaluate)\n", header: header)
    }

    @Test(arguments: ["choice", "rank"])
    func choicesAndRankingsAreLikelihoods(task: String) throws {
        let graph = try graph(task)
        let answers = try #require(graph.stages.first { $0.name == "student.sft.answers" })
        #expect(answers.kind == "eval.likelihood")
        #expect(answers.inputs.map(\.name) == ["model", "data"])
        #expect(answers.parameters == ["sets": ["test"], "prompt": "query", "context": "prompt"])
        #expect(!graph.stages.contains { $0.kind == "eval.generate" })
        let report = try #require(graph.stages.first { $0.kind == "report" })
        #expect(
            report.parameters["metrics"] == (task == "rank" ? ["auc", "mrr", "ndcg", "flops"] : ["acc", "acc_norm", "flops"]))
    }

    @Test func aLabelIsWrittenUnlessLikelihoodsAreAskedFor() throws {
        let kinds = { (graph: Graph) in graph.stages.filter { $0.name == "student.sft.answers" }.map(\.kind) }
        #expect(try kinds(graph("classify")) == ["eval.generate"])
        #expect(try kinds(graph("classify", "evaluate: {by: likelihood, context: text}")) == ["eval.likelihood"])
        #expect(try kinds(graph("choice", "evaluate: {by: generation}")) == ["eval.generate"])
    }

    @Test func theLossOfEachModelIsAStageWhereItIsAskedFor() throws {
        let graph = try graph("classify", "evaluate: {metrics: [accuracy, loss]}")
        let loss = try #require(graph.stages.first { $0.name == "student.sft.loss" })
        #expect(loss.kind == "eval.loss")
        #expect(loss.inputs.map(\.name) == ["model", "data"])
        #expect(loss.parameters == ["sets": ["test"], "prompt": "query", "answer": "call"])
        let report = try #require(graph.stages.first { $0.kind == "report" })
        #expect(report.inputs.map(\.name).contains("loss.0"))
        #expect(try !self.graph("classify").stages.contains { $0.kind == "eval.loss" })
    }

    @Test func onlyOtherNegativesChangeTheRows() throws {
        func rows(_ task: String) throws -> JSON? { try graph(task).stages.first { $0.kind == "data.ingest" }?.parameters }
        #expect(try rows("rank") == rows("{kind: rank, negatives: 4}"))
        #expect(try rows("rank")?["negatives"] == nil)
        #expect(try rows("{kind: rank, negatives: 5}")?["negatives"] == 5)
    }
}
