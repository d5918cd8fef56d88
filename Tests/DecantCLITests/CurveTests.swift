import CanonicalJSON
import Foundation
import Testing

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
