import CanonicalJSON
import Foundation
import Testing

/// The strategies of transfer, from the notation to a model.
@Suite struct TransferBuildTests {
    /// The tiny domain with a teacher that is right at times, and little to build behind the student.
    static func program(transfer: String, more: String = "") throws -> DecantProgram {
        let program = try DecantProgram()
        try program.edit("tiny.yaml", "\"KD[0.5FKL+0.5CE](steps: 100)\"", transfer)
        try program.edit("tiny.yaml", "SFT(steps: 150)", "SFT(steps: 120)")
        try program.edit(
            "tiny.yaml", "judge: {kind: ast}", "judge: {kind: ast}\nsample: {samples: 3, temperature: 1.1, max_tokens: 40}")
        try program.edit("tiny.yaml", "prune: {method: depth, ratio: 20%, recover: \"KD(steps: 15)\"}\n", more)
        try program.edit("tiny.yaml", "quantize: {scheme: W4A16, group_size: 32}\n", "quantize: none\n")
        return program
    }

    /// The digests of finished stages by name.
    private static func digests(_ program: DecantProgram, _ threads: Int) throws -> [String: String] {
        let result = try program.run("build", "tiny.yaml", "--json", "--threads", "\(threads)")
        return Dictionary(
            uniqueKeysWithValues: result.events.filter { $0["event"] == "stage-finished" }.compactMap { event in
                event["stage"]?.string.map { ($0, event["artifact"]?.string ?? "") }
            })
    }

    @Test func twoStageDistillationBuildsWithTheSameBytesAtAnyNumberOfThreads() throws {
        let transfer = "\"KD[0.5AKL+0.5CE](steps: 60, prompt: 5%)+oKD[FKL](steps: 6, tokens: 24, fraction: 50%)\""
        let program = try Self.program(transfer: transfer)
        let two = try Self.digests(program, 2)
        let one = try Self.digests(try Self.program(transfer: transfer), 1)
        #expect(two["student.kd.okd"] != nil && two["student.kd.okd"] != two["student.kd"])
        #expect(one == two)
    }

    @Test func aStudentOfTwoTeachersLearnsFromBoth() throws {
        let transfer = "\"KD[FKL](steps: 8)\""
        let two = try Self.program(
            transfer: transfer, more: "teachers: {other: {init: {hidden: 32}, transfer: \"SFT(steps: 30)\", weight: 2}}\n")
        let digests = try Self.digests(two, 2)
        #expect(digests["teachers.other.logits"] != nil)
        let one = try Self.digests(try Self.program(transfer: transfer), 2)
        #expect(digests["teacher.logits"] == one["teacher.logits"])
        #expect(digests["student.kd"] != nil && digests["student.kd"] != one["student.kd"])
    }

    @Test func preferencesAreLearned() throws {
        let digests = try Self.digests(try Self.program(transfer: "\"SFT(steps: 60)+DPO(steps: 6)\""), 2)
        #expect(digests["student.sft.dpo"] != nil && digests["student.sft.dpo"] != digests["student.sft"])
    }

    @Test func withoutWrongAnswersThereIsNothingToPrefer() throws {
        let program = try Self.program(transfer: "\"SFT(steps: 2)+DPO(steps: 2)\"")
        try program.edit("tiny.yaml", "samples: 3, temperature: 1.1", "samples: 1, temperature: 0")
        let result = try program.run("build", "tiny.yaml", "--json", status: 1)
        #expect((result.output + result.errors).contains("no row has both an accepted and a rejected response"))
    }

    @Test func studentsShareOneCapture() throws {
        let transfers = "[\"KD[RKL](steps: 5)\", \"KD[JSD(0.5)](steps: 5, temperature: 2)\"]"
        let program = try Self.program(
            transfer: "KD", more: "matrix: {student.init.hidden: [32, 64], transfer: \(transfers)}\n")
        let result = try program.run("build", "tiny.yaml", "--json")
        let kinds = try #require(try program.run("plan", "tiny.yaml", "--json").events.first)["stages"]?.array ?? []
        func ran(_ kind: String) -> Int {
            let names = Set(kinds.filter { $0["kind"]?.string == kind }.compactMap { $0["name"]?.string })
            return result.events.count { $0["event"] == "stage-finished" && names.contains($0["stage"]?.string ?? "") }
        }
        #expect(ran("kd.capture") == 1)
        #expect(ran("kd.train") == 4)
    }
}
