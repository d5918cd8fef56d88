import BuildModel
import CanonicalJSON
import Testing

@testable import Kinds
@testable import Planner

/// The stages that a judge becomes.
@Suite struct JudgePlanTests {
    private static let header = fixtureHeader.replacing(
        "sources:", with: "sources:\n  labels: {path: smart-home/functions.yaml}\n  checker: {path: smart-home/functions.yaml}")

    private func judged(_ body: String) throws -> Graph { try plan(body, header: Self.header, further: ["labels", "checker"]) }

    private func inputs(of name: String, in graph: Graph) throws -> [String] {
        let stage = graph[try #require(graph.stage(named: name), "\(graph.names)")]
        return stage.inputs.map { "\($0.name)=\(graph[$0.stage].name)" }
    }

    /// Whatever trusts the judge waits for the gate; the gate waits for the labels.
    @Test func aValidatedJudgeHasAGate() throws {
        let graph = try judged(
            """
            transfer: RFT
            judge: {kind: ast, validate: {labels: labels, agreement: 95%}}
            """)
        #expect(try inputs(of: "judge.validated", in: graph) == ["data=data", "labels=source.labels"])
        #expect(try inputs(of: "judge.gate", in: graph) == ["validation=judge.validated"])
        #expect(graph.parameters(of: "judge.gate") == ["agreement": 0.95])
        #expect(graph.parameters(of: "judge.validated") == ["kind": "ast", "answer": "call"])
        for name in ["teacher.judged", "student.rft.scores"] {
            #expect(try inputs(of: name, in: graph).last == "gate=judge.gate", "\(name)")
        }
        #expect(graph.stages.count { $0.kind == "judge.gate" } == 1)
        // The minimum judges nothing anew.
        let other = try judged("transfer: RFT\njudge: {kind: ast, validate: {labels: labels, agreement: 90%}}\n")
        #expect(other.parameters(of: "judge.validated") == graph.parameters(of: "judge.validated"))
        #expect(other.parameters(of: "teacher.judged") == graph.parameters(of: "teacher.judged"))
    }

    @Test func aProgramIsAnInputOfAllThatJudge() throws {
        let graph = try judged(
            """
            transfer: RFT
            judge: [format, {kind: exec, command: [python3, inputs/script/functions.yaml], script: checker}]
            """)
        for name in ["teacher.judged", "student.rft.scores"] {
            #expect(try inputs(of: name, in: graph).last == "script=source.checker")
            #expect(
                graph.parameters(of: name)?["program"] == [
                    "command": ["python3", "inputs/script/functions.yaml"], "time_limit": 3600,
                ])
            #expect(graph.parameters(of: name)?["checks"] == ["format"])
        }
    }

    /// The last model of a variant is compared with another by the recipe's judge; the report has it.
    @Test func modelsAreComparedPairByPair() throws {
        let graph = try judged("transfer: KD\nquantize: {scheme: W8A16}\nevaluate: {compare: {with: teacher, pairs: 50}}\n")
        let compared = try #require(graph.stages.first { $0.kind == "eval.compare" })
        #expect(
            compared.inputs.map { "\($0.name)=\(graph[$0.stage].name)" } == [
                "data=data", "answers=student.kd.W8A16.answers", "others=teacher.answers",
            ])
        #expect(compared.name == "student.kd.W8A16.compared")
        #expect(compared.parameters["pairs"] == 50 && compared.parameters["judge"] == "ast")
        #expect(try inputs(of: "report", in: graph).filter { $0.hasPrefix("comparison.") }.count == 1)
        #expect(graph.stages.count { $0.kind == "eval.compare" } == 1)
        #expect(try !judged("transfer: KD\n").stages.contains { $0.kind == "eval.compare" })
    }

    /// What a judge is told and how it replies is part of the key of what is judged, and of nothing before it.
    @Test func howAJudgeRepliesTouchesWhatIsJudgedAlone() throws {
        let model = "transfer: RFT\njudge: {kind: model, endpoint: {url: \"http://localhost/v1\", model: m}"
        let plain = try judged(model + "}\n")
        for field in ["verdict: last_line", "votes: 3", "reference: none", "max_tokens: 9", "rubric: {}", "checks: format"] {
            let changed = try judged(model + ", \(field)}\n").changes(from: plain)
            #expect(changed.contains("teacher.judged") && changed.contains("student.rft.scores"), "\(field)")
            #expect(!changed.contains("teacher.samples"), "\(field)")
        }
        #expect(try judged(model + ", verdict: word, votes: 1, reference: rows, max_tokens: 8}\n").changes(from: plain) == [])
    }
}
