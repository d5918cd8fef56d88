import CanonicalJSON
import Planner
import Testing

/// What a recipe says of its task goes to the stage that reads the rows, and to no other; metrics follow it.
@Suite struct TaskPlanTests {
    private func shapes(_ task: String, _ further: String = "") throws -> [StageShape] {
        let header = """
            decant: 1
            name: bank
            sources: {functions: {path: smart-home/functions.yaml}, utterances: {path: smart-home/utterances.yaml}}
            data: {ingest: {train: utterances}}

            """
        return try plan("\(task)\n\(further)", header: header).shapes
    }

    private func rows(_ task: String) throws -> StageShape {
        try #require(try shapes(task).first { $0.name == "data.rows" })
    }

    @Test(arguments: [
        ("", #"{"format":"decant"}"#), ("task: calls", #"{"format":"decant"}"#),
        ("task: classify", #"{"format":"decant","task":"classify"}"#),
        (
            "task: {kind: classify, labels: [b, a], instructions: Which?}",
            #"{"format":"decant","instructions":"Which?","labels":["b","a"],"task":"classify"}"#
        ),
        ("task: {kind: text, answer: number}", #"{"answer":"number","format":"decant","task":"text"}"#),
    ])
    func theTaskIsThatOfTheRows(task: String, parameters: String) throws {
        #expect(try rows(task).parameters == parameters)
        let names = ["data", "tokenizer", "teacher.samples", "teacher.judged", "student.kd.answers", "student.kd.scores"]
        let (plain, other) = (try shapes(""), try shapes(task))
        for name in names {
            #expect(other.first { $0.name == name }?.parameters == plain.first { $0.name == name }?.parameters, "\(name)")
        }
    }

    /// The order of properties is what a model is taught, so it is part of the key.
    @Test func aSchemaIsAParameterOrAnInput() throws {
        let ordered = try rows("task: {kind: extract, schema: {properties: {b: {type: string}, a: {type: integer}}}}")
        #expect(
            ordered.parameters == #"""
                {"format":"decant","schema":"{\"properties\":{\"a\":{\"type\":\"integer\"},\"b\":{\"type\":\"string\"}},\"x-property-order\":[\"b\",\"a\"]}","task":"extract"}
                """#)
        let named = try rows("task: {kind: extract, schema: functions}")
        #expect(named.parameters == #"{"format":"decant","task":"extract"}"#)
        #expect(named.inputs == ["train.0=source.utterances", "schema=source.functions"])
    }

    @Test(arguments: [
        ("", "", #"["ar","exact","flops"]"#), ("task: classify", "", #"["accuracy","macro_f1","flops"]"#),
        ("task: extract", "", #"["field_f1","exact","flops"]"#), ("task: text", "", #"["normalized","rouge_l","flops"]"#),
        ("task: {kind: text, answer: number}", "", #"["flexible_extract","strict_match","flops"]"#),
        ("task: classify", "evaluate: {metrics: [macro_f1, ar]}", #"["macro_f1","ar"]"#),
    ])
    func metricsFollowTheTask(task: String, evaluate: String, metrics: String) throws {
        let report = try #require(try shapes(task, evaluate).first { $0.name == "report" })
        #expect(report.parameters.contains(#""metrics":\#(metrics)"#), "\(report.parameters)")
    }

    /// Models that are made smaller are compared by the first metric that says how good their answers are.
    @Test func frontsFollowTheTask() throws {
        let matrix = "matrix: {prune.ratio: [0%, 20%]}"
        let report = try #require(try shapes("task: classify", matrix).first { $0.name == "report" })
        #expect(report.parameters.contains(#""fronts":["accuracy"]"#), "\(report.parameters)")
    }

    @Test func tokenDropoutIsAnOption() throws {
        let shapes = try shapes("task: classify", #"transfer: "SFT(token_dropout: 20%, prompt: 10%)""#)
        let student = try #require(shapes.first { $0.name == "student.sft" })
        #expect(student.parameters.contains(#""token_dropout":0.2"#) && student.parameters.contains(#""prompt_share":0.1"#))
        #expect(try !self.shapes("", "transfer: SFT").contains { $0.parameters.contains("token_dropout") })
    }
}
