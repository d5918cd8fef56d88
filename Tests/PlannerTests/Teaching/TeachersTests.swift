import BuildModel
import CanonicalJSON
import Diagnostics
import Planner
import RecipeLanguage
import Testing

/// Students with several teachers.
@Suite struct TeachersTests {
    private static let recipe = """
        teachers:
          wide: {init: {hidden: 256}, transfer: "SFT(steps: 7)", weight: 3}
          other: {seed: 9, transfer: "SFT(steps: 5)+SFT(steps: 6)"}
        transfer: "KD[0.5FKL+0.5CE](steps: 3)"
        """

    @Test func eachScoresTheFirstOnesAnswers() throws {
        let graph = try plan(Self.recipe)
        let student = graph[try #require(graph.stage(named: "student.kd"))]
        #expect(student.inputs.map(\.name) == ["model", "logits", "logits.0", "logits.1"])
        #expect(
            student.inputs.dropFirst().map { graph[$0.stage].name }
                == ["teacher.logits", "teachers.wide.logits", "teachers.other.logits"])
        #expect(student.parameters["teacher_weights"] == [0.2, 0.6, 0.2])
        let captures = graph.stages.filter { $0.kind == "kd.capture" }
        #expect(captures.count == 3)
        // On the same judged answers, by a teacher each.
        #expect(Set(captures.map { $0.inputs[2].stage }).count == 1)
        #expect(
            captures.map { graph[$0.inputs[0].stage].name }.sorted() == [
                "teacher.sft", "teachers.other.sft.sft", "teachers.wide.sft",
            ])
        #expect(graph.stages.count { $0.kind == "judge" } == 1)
    }

    @Test func withOneTeacherTheKeyIsAsItWas() throws {
        let graph = try plan("")
        let student = graph[try #require(graph.stage(named: "student.kd"))]
        #expect(student.inputs.map(\.name) == ["model", "logits"])
        #expect(student.parameters["teacher_weights"] == nil)
        #expect(student.parameters.object?["teacher_weights"] == nil)
    }

    @Test func teachersOfOtherTokensAreRefused() throws {
        let sources = """
            decant: 1
            name: home
            sources:
              functions: {path: f}
              utterances: {path: u}
              large: {path: large.gguf}
            data: {generate: {functions: functions, templates: utterances}}
            teachers: {large: {from: large}}

            """
        func codes(_ body: String) -> [String] {
            RecipeReader.read(SourceText(path: "r.yaml", text: sources + body)).diagnostics.map(\.code)
        }
        #expect(codes("") == ["tokenizer-mismatch"])
        // Said to be the same, and the same model.
        #expect(codes("tokenizer: {from: large}\n") == [])
        #expect(codes("teacher: {from: large}\n") == [])
        #expect(codes("tokenizer: {from: large}\ntransfer: RFT\n") == ["conflict"])
    }
}
