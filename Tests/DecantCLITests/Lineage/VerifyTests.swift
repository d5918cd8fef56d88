import BuildModel
import CanonicalJSON
import Foundation
import Store
import Testing

/// A lineage is run again, and one differing byte is refused.
@Suite struct VerifyTests {
    @Test func aWholeLineageIsTheSameElsewhereAndAtAnotherThreadCount() throws {
        let program = try DecantProgram()
        program.threads = 2
        try program.build()
        let all = try program.run("verify", "tiny", "--threads", "1")
        #expect(all.output.contains("0 differ"))
        let stages = try #require(try program.run("show", "tiny", "--json").events.first?["stages"]?.array)
        #expect(all.output.split(separator: "\n").count == stages.count + 1)
        #expect(all.output.contains("  held     source.functions"))

        // One stage by name, a kind, a sample.
        let one = try program.run("verify", "tiny", "--stage", "student.kd", "--json").events
        #expect(one.map { $0["stage"]?.string } == ["student.kd", nil])
        #expect(one[0]["same"] == true)
        let sample = try program.run("verify", "model", "--sample", "20%", "--seed", "5", "--json").events
        #expect(sample.count >= 2 && sample.count < stages.count / 2)
        #expect(
            try program.run("verify", "model", "--sample", "20%", "--seed", "5", "--json").events.map { $0["stage"] }
                == sample.map { $0["stage"] })
        #expect(try program.run("verify", "tiny", "--stage", "nothing", status: 2).errors.contains("no stage 'nothing'"))
        // Nothing of it is left.
        #expect(try program.run("fsck").output.contains(" 0 problems"))
        try collects(program)
    }

    /// What an edit leaves behind goes; what the newest build or a tag stands on does not.
    private func collects(_ program: DecantProgram) throws {
        #expect(try program.run("gc", "--keep-days", "0", "--dry-run").output.contains("would remove 0 results, 0 objects"))
        try program.run("tag", "first", "tiny")
        try program.edit("tiny.yaml", "group_size: 32", "group_size: 64")
        try program.build()
        #expect(try program.run("gc", "--keep-days", "0", "--json").events.first?["results"] == [])
        try program.run("tag", "--delete", "first")
        let planned = try #require(try program.run("gc", "--keep-days", "0", "-n", "--json").events.first)
        let kinds = (planned["results"]?.array ?? []).compactMap { $0["kind"]?.string }
        #expect(kinds == ["eval.cost", "eval.generate", "eval.score", "quant.apply", "report"])
        let removed = try #require(try program.run("gc", "--keep-days", "0", "--json").events.first)
        #expect(removed["results"] == planned["results"])
        #expect(try program.run("fsck").output.contains("(5 collected), 0 problems"))
        #expect(try program.build().strings("ran") == [])
        // What was collected is made again, and is the same.
        try program.edit("tiny.yaml", "group_size: 64", "group_size: 32")
        #expect(try program.build().strings("ran").count == 5)
        #expect(try program.run("verify", "tiny", "--stage", "quant.apply").output.contains("0 differ"))
    }

    @Test func oneAlteredByteOfOneWeightIsNamedWithItsTensor() throws {
        let program = try DecantProgram()
        try program.build()
        let shown = try #require(try program.run("show", "student.kd", "--json").events.first)
        let commit = try #require(shown["commit"]?.string)
        let cache = program.folder.appending(path: "cache")
        let store = try Store(at: cache)
        let record = try #require(try store.stageCommit(commit))
        let file = try #require(record.artifact["model.safetensors"])
        var bytes = try store.readObject(file.digest)
        bytes[bytes.count - 9] ^= 1
        let altered = program.folder.appending(path: "model.safetensors")
        try bytes.write(to: altered)
        let forgedFile = try store.importFile(at: altered.path)
        let artifact = Artifact(files: record.artifact.files.filter { $0.path != file.path } + [forgedFile])
        // Whole in itself: only running it again tells.
        let forged = try store.record(record.action, parents: record.parents, artifact: artifact)
        #expect(forged.hex != commit)

        let result = try program.run("verify", forged.hex, "--stage", "kd.train", "--json", status: 1)
        let report = try #require(result.events.first)
        #expect(report["same"] == false)
        #expect(report["file"] == "model.safetensors")
        #expect(report["offset"] == .integer(Int64(bytes.count - 9)))
        let tensor = try #require(report["tensor"]?.string)
        let text = try program.run("verify", forged.hex, "--stage", "kd.train", status: 1).output
        #expect(text.contains("DIFFERS"))
        #expect(text.contains("model.safetensors at byte \(bytes.count - 9), tensor \(tensor), element "))
    }

    @Test func aMeasurementIsNamedAndNotCompared() throws {
        let program = try DecantProgram()
        try program.edit("tiny.yaml", "{sets: [test, phrasing, ood]}", "{sets: [test], metrics: [ar, speed]}")
        try program.edit("tiny.yaml", "SFT(steps: 150)", "SFT(steps: 2)")
        let events = try program.run("build", "tiny.yaml", "teacher.speed", "--json").events
        let commit = try #require(
            events.last { $0["event"] == "stage-finished" && $0["stage"] == "teacher.speed" }?["commit"]?.string)
        let shown = try #require(try program.run("show", commit, "--json").events.first?["metrics"]?["speed.json"])
        #expect(shown["tokens_per_second"]?.double ?? 0 > 0)
        let text = try program.run("verify", commit, "--stage", "bench.decode").output
        #expect(text.contains("  measured ") && text.contains("(bench.decode): a measurement, not compared"))
        #expect(text.contains("0 differ; measured and not compared: 1"))
        let report = try program.run("verify", commit, "--stage", "bench.decode", "--json").events
        #expect(report.first?["measurement"] == true)
        #expect(report.first?["same"] == .null)
        #expect(report.last == ["verified": 0, "wrong": 0, "measured": 1])
    }

    @Test func aLineageOfAnotherRevisionIsRefusedBeforeAnythingRuns() throws {
        let program = try DecantProgram()
        try program.run("build", "tiny.yaml", "data", "--json")
        let cache = program.folder.appending(path: "cache")
        let store = try Store(at: cache)
        let commit = try #require(
            try program.run("build", "tiny.yaml", "data", "--json").events.last { $0["event"] == "stage-finished" }?["commit"]?
                .string)
        let record = try #require(try store.stageCommit(commit))
        var action = record.action
        action.revision += 7
        let other = try store.record(action, parents: record.parents, artifact: record.artifact)
        let result = try program.run("verify", other.hex, status: 2)
        #expect(
            result.errors.contains(
                "of revision \(action.revision) of \(action.kind); this program has revision \(record.action.revision)"))
        #expect(result.output == "")
    }
}
