import BuildModel
import CanonicalJSON
import Diagnostics
import RecipeLanguage
import Testing

@testable import Planner

/// Refusals, signatures and short reasonings in a plan.
@Suite struct AnswerPlanTests {
    private func graph(_ data: String, _ body: String = "") throws -> Graph {
        let header = fixtureHeader.split(separator: "\n").joined(separator: "\n")
        return try plan(body, header: header + "\n  prompt: tools\n\(data)\n")
    }

    private func stage(_ name: String, in graph: Graph) throws -> Stage {
        graph[try #require(graph.stage(named: name), "\(graph.stages.map(\.name))")]
    }

    @Test func refusalsAreAPreparationAndAThreshold() throws {
        let graph = try self.graph("  no_call: 20%")
        let data = try stage("data", in: graph)
        #expect(data.kind == "data.no-call" && data.parameters["share"] == 0.2)
        #expect(data.parameters["sets"] == ["train", "valid"])
        let decided = graph.stages.filter { $0.kind == "eval.decide" }
        #expect(!decided.isEmpty && decided.allSatisfy { $0.parameters["threshold"] == nil })
        let asked = graph.stages.filter { $0.kind == "eval.generate" }
        #expect(asked.allSatisfy { $0.parameters["refusals"] == true })
        #expect(asked.allSatisfy { $0.parameters["sets"]?.array?.last == "valid" })
        // What is scored and what it costs are the decided answers.
        for scores in graph.stages where ["eval.score", "eval.cost"].contains(scores.kind) {
            let answers = try #require(scores.inputs.first { $0.name == "answers" })
            #expect(graph[answers.stage].kind == "eval.decide", "\(scores.name)")
        }
    }

    @Test func aThresholdCanBeStatedOrLeftOut() throws {
        let stated = try self.graph("  no_call: {share: 10%, sets: train}", "evaluate: {threshold: 0.4}\n")
        #expect(stated.stages.contains { $0.kind == "eval.decide" && $0.parameters["threshold"] == 0.4 })
        #expect(stated.stages.contains { $0.kind == "data.no-call" && $0.parameters["sets"] == ["train"] })
        let none = try self.graph("  no_call: 20%", "evaluate: {threshold: none}\n")
        #expect(!none.stages.contains { $0.kind == "eval.decide" })
        let chosen = try self.graph("  candidates: 4", "evaluate: {threshold: valid}\n")
        #expect(chosen.stages.contains { $0.kind == "eval.decide" })
    }

    /// Recipes that say nothing of it plan as they did.
    @Test func nothingOfItIsInOtherPlans() throws {
        let graph = try self.graph("  candidates: 4")
        #expect(!graph.stages.contains { ["eval.decide", "data.no-call", "data.instruct"].contains($0.kind) })
        for stage in graph.stages {
            for name in ["refusals", "signature", "arguments", "reasoning", "calls"] {
                #expect(stage.parameters[name] == nil, "\(stage.name).\(name)")
            }
        }
    }

    @Test func aSignatureIsOfTheTokenizerAndOfImports() throws {
        let graph = try self.graph("  candidates: 4", "prompts: {signature: described}\n")
        #expect(try stage("tokenizer", in: graph).parameters["signature"] == "described")
        let usual = try self.graph("  candidates: 4", "prompts: {signature: types}\n")
        #expect(try stage("tokenizer", in: usual).parameters["signature"] == nil)
        let source = "  chat: {http: https://example.org/chat.tar, sha256: \(String(repeating: "ab", count: 32))}\ndata:"
        let imported = try plan(
            "student: {from: chat}\ntransfer: \"SFT(steps: 3)\"\nprompts: {signature: values}\n",
            header: fixtureHeader.replacing("data:", with: source))
        #expect(imported.stages.contains { $0.kind == "model.import" && $0.parameters["signature"] == "values" })
    }

    @Test func aMatrixMeasuresEachPartOfASignature() throws {
        let graph = try self.graph(
            "  candidates: 4", "matrix: {prompts.signature: [names, types, values, described]}\n")
        let signatures = graph.stages.filter { $0.kind == "tokenizer.train" }.map { $0.parameters["signature"]?.string }
        #expect(signatures.count == 4 && Set(signatures) == ["names", nil, "values", "described"])
    }

    @Test func metricsOfArgumentsCountThem() throws {
        let graph = try self.graph("  candidates: 4", "evaluate: {metrics: [ar, argument_f1]}\n")
        #expect(graph.stages.contains { $0.kind == "eval.score" && $0.parameters["arguments"] == true })
    }

    @Test(arguments: [
        ("data: {no_call: 20%}", "a prompt that lists no functions cannot miss one"),
        ("data: {prompt: tools, no_call: 90%}", "no_call"),
        ("evaluate: {threshold: 2}", "threshold"),
        ("evaluate: {threshold: maybe}", "threshold"),
        ("task: {kind: classify, reasoning: short}", "the task 'classify' has no 'reasoning'"),
        ("task: text\nevaluate: {threshold: 0.5}", "'evaluate.threshold' is about functions"),
    ])
    func whatCannotBeIsSaid(body: String, message: String) {
        let header = """
            decant: 1
            name: home
            sources: {functions: {path: f.yaml}, utterances: {path: u.yaml}}
            """
        let rows = "generate: {functions: functions, templates: utterances}"
        let text =
            body.contains("data: {") ? body.replacing("data: {", with: "data: {\(rows), ") : "data: {\(rows)}\n" + body
        let reading = RecipeReader.read(SourceText(path: "recipe.yaml", text: header + "\n" + text + "\n"))
        #expect(reading.diagnostics.contains { $0.message.contains(message) }, "\(reading.diagnostics.map(\.message))")
    }

    @Test func aShortReasoningIsSaidToTheTask() throws {
        let graph = try self.graph("  candidates: 4", "task: {kind: calls, reasoning: short}\n")
        let data = try stage("data", in: graph)
        #expect(data.kind == "data.instruct" && data.parameters["reasoning"] == "short")
    }
}
