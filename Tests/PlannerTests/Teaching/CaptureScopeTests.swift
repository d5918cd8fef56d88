import BuildModel
import Diagnostics
import Planner
import RecipeLanguage
import Testing

/// Of which rows a teacher's logits are captured.
@Suite struct CaptureScopeTests {
    private func codes(_ body: String) -> [String] {
        RecipeReader.read(SourceText(path: "r.yaml", text: fixtureHeader + body)).diagnostics.map(\.code)
    }

    @Test func allRowsAreCapturedWhereNobodySaysOtherwise() throws {
        let plain = try plan("transfer: KD\n")
        #expect(try plan("transfer: \"KD(capture: all)\"\n").shapes == plain.shapes)
        #expect(plain.parameters(of: "teacher.logits")?.object?["rows"] == nil)
    }

    @Test func theRowsOfTheStepsAreCapturedWithTheirOrder() throws {
        let graph = try plan("transfer: \"KD(steps: 30, batch: 8, max_length: 64, capture: used)\"\n")
        let capture = try #require(graph.parameters(of: "teacher.logits"))
        #expect(capture["rows"] == 240)
        #expect(capture["max_length"] == 64)
        #expect(capture["seed"] == graph.parameters(of: "student.kd")?["training"]?["seed"])
        // Other steps read other rows.
        let two = try plan("matrix: {transfer: [\"KD(steps: 30, capture: used)\", \"KD(steps: 60, capture: used)\"]}\n")
        #expect(two.stages.count { $0.kind == "kd.capture" } == 2)
        let shared = try plan("matrix: {transfer: [\"KD(steps: 30)\", \"KD(steps: 60)\"]}\n")
        #expect(shared.stages.count { $0.kind == "kd.capture" } == 1)
    }

    @Test func aTeacherThatReadsAlongIsAnInputOfTheStudent() throws {
        let graph = try plan("transfer: \"KD[0.5FKL+0.5CE](steps: 30, top_k: 8, capture: none)\"\n")
        #expect(!graph.stages.contains { $0.kind == "kd.capture" || $0.kind == "kd.train" })
        let student = graph[try #require(graph.stage(named: "student.kd"))]
        #expect(student.kind == "kd.direct")
        #expect(student.inputs.map(\.name) == ["model", "teacher", "data", "judged"])
        #expect(student.parameters["k"] == 8)
        #expect(student.parameters["training"]?["steps"] == 30)
        // The scope itself is in no key.
        #expect(student.parameters.object?["capture"] == nil)
    }

    @Test func whatCannotBeIsNamed() {
        #expect(codes("transfer: \"KD(capture: some)\"\n") == ["unknown-value"])
        #expect(codes("transfer: \"KD[GOLD](capture: none)\"\n").contains("conflict"))
        #expect(codes("transfer: \"KD[ULD](capture: used)\"\n").contains("conflict"))
        #expect(codes("teachers: {large: {}}\ntransfer: \"KD(capture: none)\"\n") == ["conflict"])
        #expect(codes("teachers: {large: {}}\ntransfer: \"KD(capture: used)\"\n") == [])
        #expect(codes("prompts: {teacher: full, student: compressed}\ntransfer: \"KD(capture: used)\"\n") == ["conflict"])
        #expect(codes("transfer: \"oKD(capture: none)\"\n") == ["unknown-field"])
    }
}
