import CanonicalJSON
import Foundation
import Testing

@Suite struct DiffTests {
    let workshop: LineageWorkshop
    var program: DecantProgram { workshop.program }

    init() throws { workshop = try LineageWorkshop.built() }

    private static let quantized = "student.kd.prune[20%].recover.W4A16"

    /// A field that changed; a comment and another spelling did as well, and count for nothing.
    @Test func theRecipesFieldsAreCompared() throws {
        let diff = try workshop.json("diff", "tiny~1", "tiny")
        #expect(diff["fields"] == [["field": "quantize.group_size", "old": 32, "new": 16]])
        #expect(try program.run("diff", "tiny~1", "tiny").output.contains("recipe\n  quantize.group_size: 32 → 16\n\n"))
        let back = try workshop.json("diff", "tiny", "tiny~1")
        #expect(back["fields"] == [["field": "quantize.group_size", "old": 16, "new": 32]])
    }

    @Test func stagesAreComparedWithTheReason() throws {
        let stages = try #require(try workshop.json("diff", "tiny")["stages"]?.array)
        #expect(
            stages.map { $0.text("name") } == [
                Self.quantized, "\(Self.quantized).answers", "\(Self.quantized).scores", "\(Self.quantized).cost", "report",
            ])
        #expect(stages[0]["why"]?.array?.count == 1)
        #expect(stages[0]["why"]?[0]?["field"] == "group_size")
        #expect(stages[0]["why"]?[0]?["old"] == 32)
        #expect(stages[0]["old"]?["commit"]?.string == workshop.first["model"])
        #expect(stages[0]["new"]?["commit"]?.string == workshop.second["model"])
        #expect(stages[1]["why"]?[0]?["reason"] == "input")
        #expect(stages[1]["why"]?[0]?["stage"]?.string == Self.quantized)
        let text = try program.run("diff", "tiny").output
        #expect(text.contains("  changed  \(Self.quantized): group_size: 32 → 16\n"))
        #expect(text.contains("  changed  \(Self.quantized).answers: input model changed (\(Self.quantized))\n"))
    }

    @Test func figuresAreComparedModelByModel() throws {
        let diff = try workshop.json("diff", "tiny")
        let reports = try ["tiny~1:report", "tiny:report"].map {
            try #require(try workshop.json("show", $0)["metrics"]?["report.json"])
        }
        let deltas = try #require(diff["metrics"]?.array)
        // Five models; parameters, bytes, FLOPs, and two shares on three sets.
        #expect(deltas.count == 5 * (3 + 2 * 3))
        let size = try #require(deltas.first { $0.text("row") == Self.quantized && $0["metric"] == "bytes" })
        let sizes = reports.compactMap { report in
            report["rows"]?.array?.first { $0.text("name") == Self.quantized }?["bytes"]?.double
        }
        #expect(size["old"]?.double == sizes[0])
        #expect(size["new"]?.double == sizes[1])
        #expect(size["delta"]?.double == sizes[1] - sizes[0])
        #expect(sizes[1] > sizes[0])
        let test = try #require(deltas.first { $0.text("row") == "teacher" && $0["metric"] == "exact test" })
        #expect(test["delta"] == 0)
        let text = try program.run("diff", "tiny").output
        #expect(text.contains(try Regex("model +metric +old +new +delta\n")))
        #expect(text.contains(try Regex("W4A16 +bytes +[0-9.]+ KiB +[0-9.]+ KiB +\\+[0-9.]+ KiB\n")))
        #expect(!text.contains("teacher  "))
        #expect(text.contains("figures are as before"))
    }

    @Test func artifactsAreComparedWithWhatTheyWereMadeFrom() throws {
        let diff = try workshop.json("diff", "tiny~1:report", "tiny:report")
        let names = (diff["stages"]?.array ?? []).map { $0.text("name") }
        #expect(names.first == "report")
        #expect(names.contains(Self.quantized))
        #expect(names.count == 5)
        let models = try program.run("diff", try #require(workshop.first["model"]), "model").output
        #expect(models.contains("changed  \(Self.quantized): group_size: 32 → 16"))
        #expect(try program.run("diff", "teacher", "tiny~1:teacher").output.contains("are the same commit"))
        #expect(try program.run("diff", "tiny~0", "model", status: 2).errors.contains("name two of a kind"))
    }

    @Test func whatIsNotThereToCompareIsSaid() throws {
        #expect(try program.run("diff", "tiny~1", status: 2).errors.contains("is the first build of tiny"))
        #expect(try program.run("diff", "model", status: 2).errors.contains("is no build"))
        #expect(
            try program.run("diff", "tiny", "nobody", status: 2).errors.contains("'nobody' is no recipe, stage, target or tag"))
    }

    /// Stages that come and go; and one that stays the same though what it stands on was made otherwise.
    @Test func addedAndRemovedStagesAreNamed() throws {
        let program = try workshop.copy()
        try program.edit("tiny.yaml", "quantize: {scheme: W4A16, group_size: 16}   # finer", "quantize: none")
        let text = try String(contentsOf: program.folder.appending(path: "functions.yaml"), encoding: .utf8)
        try program.write("# a comment\n" + text, to: "functions.yaml")
        try program.build()
        let result = try program.run("diff", "tiny").output
        #expect(result.contains("  quantize.scheme: W4A16 → –\n"))
        #expect(result.contains("  removed  \(Self.quantized) (quant.apply)\n"))
        #expect(result.contains("  changed  data.rows: input functions changed (source.functions) (the same bytes came out)\n"))
        #expect(result.contains("  changed  data: the same artifact; only what its inputs were made from changed\n"))
        let changes = try #require(try program.run("log", "-n", "1", "--json").events.first?["changes"])
        #expect(changes["removed"] == 4)
        #expect(try program.run("diff", "tiny", "tiny~1").output.contains("  added    \(Self.quantized) (quant.apply)\n"))
    }
}
