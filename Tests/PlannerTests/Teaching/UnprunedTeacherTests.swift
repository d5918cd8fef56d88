import BuildModel
import Planner
import Testing

/// `prune.teacher: unpruned`: the model before its pruning teaches what is left of it.
@Suite struct UnprunedTeacherTests {
    @Test func theUnprunedModelAnswersAndIsScored() throws {
        let graph = try plan("transfer: SFT\nprune: {ratio: 20%, teacher: unpruned, recover: \"KD(steps: 4)\"}\n")
        #expect(!graph.stages.contains { $0.name.hasPrefix("teacher") })
        let capture = try #require(graph.stages.first { $0.kind == "kd.capture" })
        #expect(capture.name == "student.sft.logits")
        #expect(capture.inputs.map { graph[$0.stage].name } == ["student.sft", "data", "student.sft.judged"])
        let samples = try #require(graph.stages.first { $0.kind == "sample" })
        #expect(samples.inputs.map { graph[$0.stage].name } == ["student.sft", "data"])
    }

    @Test func allRemovalsLearnFromTheFirstModel() throws {
        let graph = try plan(
            "transfer: SFT\nprune: {ratio: [22.5%, 45%], teacher: unpruned, recover: \"KD(steps: 4)\"}\nsample: none\n")
        #expect(graph.stages.count { $0.kind == "kd.train" } == 2)
        #expect(graph.stages.count { $0.kind == "kd.capture" } == 1)
    }

    /// Steps before the pruning have the teacher that they had.
    @Test func theStudentStillLearnsFromTheTeacher() throws {
        let graph = try plan("transfer: KD\nprune: {ratio: 20%, teacher: unpruned, recover: \"KD(steps: 4)\"}\nsample: none\n")
        let captures = graph.stages.filter { $0.kind == "kd.capture" }
        #expect(captures.map(\.name).sorted() == ["student.kd.logits", "teacher.logits"])
    }
}
