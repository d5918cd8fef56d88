import BuildModel
import CanonicalJSON
import Foundation
import Testing

@Suite struct CommandTests {
    @Test func everyProblemOfARecipeIsReportedAtOnce() throws {
        let program = try DecantProgram()
        try program.edit("tiny.yaml", "ratio: 20%", "ration: 20%")
        try program.edit("tiny.yaml", "scheme: W4A16", "scheme: W5A16")
        try program.edit("tiny.yaml", "functions: {path: functions.yaml}", "functions: {path: function.yaml}")
        let result = try program.run("check", "tiny.yaml", status: 2)
        #expect(result.output == "")
        try Golden.expect(result.errors, equals: "check-problems.txt")
    }

    @Test func aMissingSourceFileIsAProblemOfTheRecipe() throws {
        let program = try DecantProgram()
        try FileManager.default.removeItem(at: program.folder.appending(path: "utterances.yaml"))
        try Golden.expect(program.run("build", "tiny.yaml", status: 2).errors, equals: "missing-source.txt")
        #expect(!FileManager.default.fileExists(atPath: program.folder.appending(path: "cache/lineage.git/refs/heads/tiny").path))
    }

    @Test func aPlanSaysWhatWillRun() throws {
        let program = try DecantProgram()
        try Golden.expect(program.run("plan", "tiny.yaml").output, equals: "plan-cold.txt")
        try program.build()
        let cold = try #require(try program.run("plan", "tiny.yaml", "--json").events.first)
        #expect((cold["stages"]?.array ?? []).allSatisfy { $0["state"] == "cached" && $0["why"] == [] })
        try program.edit("tiny.yaml", "group_size: 32", "group_size: 64")
        let plan = try #require(try program.run("plan", "tiny.yaml", "--json").events.first)
        #expect(plan["recipe"] == "tiny")
        let stale = (plan["stages"]?.array ?? []).filter { $0["state"] == "stale" }
        #expect(stale.map { $0["name"] } == ["student.kd.prune[20%].recover.W4A16"])
        let why = try #require(stale[0]["why"]?[0])
        #expect(why["field"] == "quantize.group_size")
        #expect(why["file"] == "tiny.yaml")
        #expect(why["line"] == 17)
        #expect(why["old"] == 32)
        #expect(why["new"] == 64)
        #expect(stale[0]["seconds"]?.double ?? 0 > 0)
    }

    @Test(arguments: ["dot", "mermaid"])
    func aGraphIsDrawn(format: String) throws {
        try Golden.expect(DecantProgram().run("graph", "tiny.yaml", "--format", format).output, equals: "graph.\(format).txt")
    }

    @Test func aBuildIsShownLoggedExportedAndAsked() throws {
        let program = try DecantProgram()
        let done = try program.build()
        let commit = try #require(DecantProgram.commits(done)["model"])

        let shown = try #require(try program.run("show", "model", "--json").events.first)
        #expect(shown["commit"]?.string == commit)
        let sameByName = try #require(try program.run("show", "student.kd.prune[20%].recover.W4A16", "--json").events.first)
        let sameByCommit = try #require(try program.run("show", String(commit.prefix(9)), "--json").events.first)
        #expect(sameByName["commit"] == shown["commit"])
        #expect(sameByCommit["artifact"] == shown["artifact"])
        #expect(shown["action"]?["kind"] == "quant.apply")
        let report = try program.run("show", "report").output
        #expect(report.contains("student.kd.prune[20%].recover.W4A16"))
        #expect(report.components(separatedBy: "\n").count { $0.hasPrefix("  input ") && !$0.contains("?") } == 10)

        let log = try #require(try program.run("log", "tiny", "--json").events.first)
        #expect(log["targets"]?.array?.count == 3)

        try program.run("export", "model", "out")
        for file in shown["files"]?.array ?? [] {
            let content = try Data(contentsOf: program.folder.appending(path: "out/\(file["path"]?.string ?? "")"))
            #expect(Digest(hashing: content).hex == file["sha256"]?.string)
        }
        #expect(try program.run("export", "model", "out", status: 2).errors.contains("exists already"))

        let answer = try program.run("run", "student.kd", "kitchen light on").output
        #expect(!answer.isEmpty)
        #expect(try program.run("run", "report", "kitchen light on", status: 2).errors.contains("is no model"))
        #expect(try program.run("show", "nothing", status: 2).errors.contains("'nothing'"))
    }

    @Test func thePeoplesBuildEndsWithATableAndTheNextCommand() throws {
        let program = try DecantProgram()
        let result = try program.run("build", "tiny.yaml")
        #expect(result.output.contains("exact test"))
        #expect(result.output.contains("student.kd.prune[20%].recover.W4A16"))
        #expect(result.errors.contains("hint: decant run model \""))
        #expect(result.errors.contains("done     teacher.sft"))
    }

    @Test func aFailedStageSkipsWhatDependsOnItAndExitsWithOne() throws {
        let program = try DecantProgram()
        // A set that the data does not have: known only when the data is there.
        try program.edit("tiny.yaml", "sets: [test, phrasing, ood]", "sets: [test, values]")
        try program.edit("utterances.yaml", "to: 25, hold_out: true}", "to: 25}")
        let result = try program.run("build", "tiny.yaml", "--json", status: 1)
        let done = try #require(result.events.last)
        #expect(done.strings("failed").contains("teacher.answers"))
        #expect(done.strings("skipped").contains("report"))
        #expect(done.strings("ran").contains("student.kd.prune[20%].recover.W4A16"))
        let failure = try #require(result.events.first { $0["event"] == "stage-failed" })
        #expect(failure["log"]?[0]?.string?.contains("no rows in the set 'values'") == true)
        #expect(try program.run("fsck").output.contains(" 0 problems"))
        #expect(try program.run("log").output == "")
    }

    @Test(arguments: [
        (["build"], "Missing expected argument"), (["build", "nowhere.yaml"], "there is no recipe at nowhere.yaml"),
        (["frobnicate"], "Unexpected argument 'frobnicate'"), (["build", "tiny.yaml", "no.stage"], "no stage or target 'no.stage'"),
        (["build", "tiny.yaml", "--jobs", "0"], "--jobs must be at least 1"), (["import", "nothing.bin"], "there is no file at nothing.bin"),
        (["log", "nobody"], "no build of 'nobody'"),
    ])
    func aWrongCommandLineExitsWithTwo(arguments: [String], message: String) throws {
        let program = try DecantProgram()
        let process = try program.start(arguments)
        let errors = try #require(process.standardError as? Pipe).fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        #expect(process.terminationStatus == 2)
        #expect(String(decoding: errors, as: UTF8.self).contains(message))
    }

    @Test func aCacheThatIsNoStoreIsLeftAlone() throws {
        let program = try DecantProgram()
        try FileManager.default.createDirectory(at: program.folder.appending(path: "cache"), withIntermediateDirectories: true)
        try program.write("mine", to: "cache/thesis.txt")
        #expect(try program.run("build", "tiny.yaml", status: 3).errors.contains("not a store"))
    }

    @Test func aDamagedModelIsANamedErrorAndNoCrash() throws {
        let program = try DecantProgram()
        try program.build()
        let shown = try #require(try program.run("show", "student.kd", "--json").events.first)
        let weights = try #require((shown["files"]?.array ?? []).first { $0["path"] == "model.safetensors" }?["sha256"]?.string)
        let object = program.folder.appending(path: "cache/lineage.git/lfs/objects/\(weights.prefix(2))/\(weights.dropFirst(2).prefix(2))/\(weights)")
        chmod(object.path, 0o644)
        var content = try Data(contentsOf: object)
        content[3] = 0x7F
        try content.write(to: object)
        #expect(try program.run("fsck", status: 1).output.contains(weights))
        let result = try program.run("run", "student.kd", "hello", status: 3)
        #expect(result.errors.contains("model.safetensors"))
    }
}
