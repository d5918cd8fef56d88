import CanonicalJSON
import Testing

/// One edit after another, each with the exact set of stages that it makes run.
@Suite struct IncrementalBuildTests {
    struct Step: CustomStringConvertible, Sendable {
        var description: String
        var file = "tiny.yaml"
        var old: String
        var new: String
        var ran: Set<String>
    }

    static let quantized = "student.kd.prune[20%].recover.W4A16"

    /// Answers, scores and cost of some models.
    static func evaluation(of models: String...) -> Set<String> {
        Set(models.flatMap { ["\($0).answers", "\($0).scores", "\($0).cost"] })
    }

    static let steps: [Step] = [
        Step(description: "a comment", old: "decant: 1\n", new: "# my first recipe\ndecant: 1\n", ran: []),
        Step(description: "the description", old: "in a few seconds", new: "in seconds", ran: []),
        Step(description: "the same ratio, written otherwise", old: "ratio: 20%", new: "ratio: 0.20", ran: []),
        Step(
            description: "key order and formatting", old: "prune: {method: depth, ratio: 0.20, recover: \"KD(steps: 15)\"}",
            new: "prune:\n  recover: 'KD( steps: 15 )'\n  ratio: 0.2\n  method: depth", ran: []),
        Step(
            description: "a quantization group", old: "group_size: 32", new: "group_size: 64",
            ran: evaluation(of: quantized).union([quantized, "report"])),
        Step(description: "back again", old: "group_size: 64", new: "group_size: 32", ran: []),
        Step(
            description: "a comment in a source: its bytes change, the rows' do not", file: "functions.yaml",
            old: "# Meant to be out of domain.", new: "# Out of domain.", ran: ["source.functions", "data.rows"]),
        Step(
            description: "a share that moves no row", old: "test: 15%", new: "test: 15.0001%", ran: ["data"]),
        Step(
            description: "the evaluation's sets", old: "sets: [test, phrasing, ood]", new: "sets: [test, ood]",
            ran: evaluation(of: "teacher", "student.kd", "student.kd.prune[20%]", "student.kd.prune[20%].recover", quantized)
                .union(["report"])),
        Step(
            description: "the prune ratio: nothing before prune.apply", old: "ratio: 0.2\n", new: "ratio: 0.5\n",
            ran: evaluation(
                of: "student.kd.prune[50%]", "student.kd.prune[50%].recover", "student.kd.prune[50%].recover.W4A16"
            ).union([
                "student.kd.prune[50%]", "student.kd.prune[50%].recover", "student.kd.prune[50%].recover.W4A16", "report",
            ])),
    ]

    @Test func eachEditRunsExactlyWhatDependsOnIt() throws {
        let program = try DecantProgram()
        let first = try program.build()
        #expect(first["failed"] == [])
        #expect(try program.build()["ran"] == [])
        for step in Self.steps {
            try program.edit(step.file, step.old, step.new)
            let ran = try Set(program.build().strings("ran"))
            #expect(ran == step.ran, "\(step)")
            #expect(try program.build()["ran"] == [], "\(step), again")
        }
    }
}
