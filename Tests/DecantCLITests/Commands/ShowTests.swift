import CanonicalJSON
import Foundation
import Testing

/// What was built of a recipe that has no whole build yet, or had its last one before.
@Suite struct SingleStageTests {
    private func name(_ target: String, _ program: DecantProgram) throws -> (name: JSON?, commit: JSON?) {
        let shown = try #require(try program.run("show", target, "--json").events.first)
        return (shown["name"], shown["commit"])
    }

    @Test func aStageBuiltAloneIsFoundWithAllThatItNeeded() throws {
        let program = try DecantProgram()
        try program.run("build", "tiny.yaml", "data")
        #expect(try program.run("show", "teacher.init", status: 2).errors.contains("teacher.init"))
        try program.run("build", "tiny.yaml", "teacher.init")
        #expect(try name("teacher.init", program).name == "tiny:teacher.init")
        #expect(try name("tiny:tokenizer", program).name == "tiny:tokenizer")
        #expect(try program.run("show", "teacher.sft", status: 2).errors.contains("teacher.sft"))
        try program.run("export", "teacher.init", "folder")
        #expect(FileManager.default.fileExists(atPath: program.folder.appending(path: "folder/model.safetensors").path))
        #expect(try !program.run("run", "teacher.init", "hello", "--max-tokens", "2", status: nil).output.isEmpty)
        // It is no build: the recipe has no history yet.
        #expect(try program.run("show", "tiny", status: 2).errors.contains("'tiny' is no recipe"))
    }

    /// The newest of both counts, stage by stage, until the next whole build.
    @Test func theNewestOfANameIsMeant() throws {
        let program = try DecantProgram()
        try program.build()
        let first = try name("student.init", program).commit
        let data = try name("data", program).commit
        try program.edit("tiny.yaml", "student: {init: {hidden: 64", "student: {seed: 9, init: {hidden: 64")
        try program.run("build", "tiny.yaml", "student.init")
        let second = try name("student.init", program).commit
        #expect(second != first)
        #expect(try name("data", program).commit == data)
        #expect(try name("tiny~0:student.init", program).commit == first)
        try program.edit("tiny.yaml", "student: {seed: 9, init: {hidden: 64", "student: {init: {hidden: 64")
        try program.build()
        #expect(try name("student.init", program).commit == first)
    }
}

@Suite struct CurveTests {
    let workshop: LineageWorkshop

    init() throws { workshop = try LineageWorkshop.built() }

    /// What is no terminal gets figures, and no drawing.
    @Test func aTrainingShowsItsCurve() throws {
        let text = try workshop.program.run("show", "student.kd").output
        let curve = try #require(text.components(separatedBy: "curve.jsonl, 100 steps\n").last)
        let lines = curve.split(separator: "\n")
        #expect(lines[0].split(separator: " ").first == "reading")
        #expect(lines.dropFirst(2).compactMap { $0.split(separator: " ").first } == ["loss", "learning_rate", "gradient_norm"])
        #expect(!text.unicodeScalars.contains { (0x2801...0x28FF).contains($0.value) })
        #expect(try !workshop.program.run("show", "student.init").output.contains("curve.jsonl"))
    }

    @Test func aReportShowsTheTrainingsBehindIt() throws {
        let text = try workshop.program.run("show", "report").output
        let table = try #require(text.components(separatedBy: "\ntraining ").last)
        let lines = table.split(separator: "\n").dropFirst(2)
        #expect(
            lines.compactMap { $0.split(separator: " ").first } == [
                "teacher.sft", "student.kd", "student.kd.prune[20%].recover",
            ])
        #expect(lines.allSatisfy { $0.contains("█") && $0.contains("▁") })
    }

    @Test func programsReadTheFileItself() throws {
        let shown = try workshop.json("show", "student.kd")
        #expect(shown["metrics"]?["curve.jsonl"] == nil)
        #expect(shown["files"]?.canonicalText.contains("curve.jsonl") == true)
    }
}
