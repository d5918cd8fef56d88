import BuildModel
import CanonicalJSON
import Foundation
import TestSupport
import Testing

@Suite struct CommandTests {
    @Test func everyProblemOfARecipeIsReportedAtOnce() throws {
        let program = try DecantProgram()
        try program.edit("tiny.yaml", "ratio: 20%", "ration: 20%")
        try program.edit("tiny.yaml", "scheme: W4A16", "scheme: W5A16")
        try program.edit("tiny.yaml", "functions: {path: functions.yaml}", "functions: {path: function.yaml}")
        let result = try program.run("check", "tiny.yaml", status: 2)
        #expect(result.output == "")
        try golden.expect(result.errors, equals: "check-problems.txt")
    }

    @Test func aMissingSourceFileIsAProblemOfTheRecipe() throws {
        let program = try DecantProgram()
        try FileManager.default.removeItem(at: program.folder.appending(path: "utterances.yaml"))
        try golden.expect(program.run("build", "tiny.yaml", status: 2).errors, equals: "missing-source.txt")
        #expect(
            !FileManager.default.fileExists(atPath: program.folder.appending(path: "cache/lineage.git/refs/heads/tiny").path))
    }

    @Test func aPlanSaysWhatWillRun() throws {
        let program = try DecantProgram()
        // How long stages will take depends on the machine.
        let cold = try program.run("plan", "tiny.yaml").output
        let plan = cold.replacing(/(\d+ (h|min) )?[0-9.]+ (s|min) ≈ +/, with: "N s ≈ ")
        try golden.expect(plan.replacing(/about .+ of work/, with: "about N s of work"), equals: "plan-cold.txt")
        try program.build()
        let warm = try #require(try program.run("plan", "tiny.yaml", "--json").events.first)
        #expect((warm["stages"]?.array ?? []).allSatisfy { $0["state"] == "cached" && $0["why"] == [] })
        try program.edit("tiny.yaml", "group_size: 32", "group_size: 64")
        let changed = try #require(try program.run("plan", "tiny.yaml", "--json").events.first)
        #expect(changed["recipe"] == "tiny")
        let stale = (changed["stages"]?.array ?? []).filter { $0["state"] == "stale" }
        #expect(stale.map { $0["name"] } == ["student.kd.prune[20%].recover.W4A16"])
        let why = try #require(stale[0]["why"]?[0])
        #expect(why["field"] == "quantize.group_size")
        #expect(why["file"] == "tiny.yaml")
        #expect(why["line"] == 17)
        #expect(why["old"] == 32)
        #expect(why["new"] == 64)
        #expect(stale[0]["seconds"]?.double ?? 0 > 0)
        #expect(stale[0]["seconds_from"] == "same-kind")
    }

    /// The field for a stage's own change, the stage further up for what follows from it, the revision for a kind's.
    @Test func anExplanationNamesTheCause() throws {
        let program = try DecantProgram()
        // That stages before it are new as well is no reason.
        #expect(try program.run("explain", "tiny.yaml", "student.kd").output == "student.kd (kd.train) would run:\n  new\n")
        try program.build()
        #expect(try program.run("explain", "tiny.yaml", "student.kd").output.contains("is up to date"))
        try program.edit("tiny.yaml", "steps: 15)", "steps: 16)")
        try program.edit("functions.yaml", "# Meant to be out of domain.", "# Out of domain.")
        let recovery = try program.run("explain", "tiny.yaml", "student.kd.prune[20%].recover").output
        #expect(recovery.contains("prune.recover.steps: 15 → 16 (tiny.yaml:16:56)"))
        #expect(recovery.contains("because of source.functions (source.file):\n    sources.functions.path: "))
        let rows = try #require(try program.run("explain", "tiny.yaml", "data.rows", "--json").events.first)
        #expect(rows["state"] == "unknown")
        #expect(rows["why"]?[0]?["stages"] == ["source.functions"])
        #expect(rows["upstream"]?[0]?["why"]?[0]?["field"] == "sources.functions.path")
        #expect(try program.run("explain", "tiny.yaml", "student.dk", status: 2).errors.contains("no stage or target"))
    }

    @Test func whatThisVersionCannotDoIsSaidBeforeAnythingRuns() throws {
        let program = try DecantProgram()
        try program.edit("tiny.yaml", "\"KD[0.5FKL+0.5CE](steps: 100)\"", "KD*[0.5AKL+0.5CE]+RL")
        try program.edit("tiny.yaml", "SFT(steps: 150)", "SFT(steps: 20)+RL")
        try program.edit("tiny.yaml", "judge: {kind: ast}", "judge: {kind: ast}\nsample: {constrained: true}")
        let plan = try #require(try program.run("plan", "tiny.yaml", "--json").events.first)
        let kinds = (plan["stages"]?.array ?? []).compactMap { $0["kind"]?.string }
        #expect(kinds.count { $0 == "rl.train" } == 2)
        let result = try program.run("build", "tiny.yaml", status: 2)
        #expect(result.errors.contains("nothing was run"))
        #expect(
            result.errors.contains(
                "teacher.samples.reasoning: constrained answers with reasoning are not in this version yet"))
        #expect(try program.run("log").output == "")
        // What needs none of it is built all the same.
        #expect(
            try program.run("build", "tiny.yaml", "teacher.sft", "--json").events.last?.strings("ran").last == "teacher.sft")
    }

    @Test func aGraphIsJSONAndADrawing() throws {
        let program = try DecantProgram()
        let graph = try JSON(parsing: program.run("graph", "tiny.yaml", "--format", "json").output)
        #expect(graph["stages"]?.array?.count == 32)
        #expect(graph["targets"]?.array?.last?["stage"] == "report")
        let drawn = try program.run("graph", "tiny.yaml", "--format", "svg", status: nil)
        let hasGraphviz = ["/usr/bin/dot", "/bin/dot", "/usr/local/bin/dot"].contains(
            where: FileManager.default.isExecutableFile)
        #expect(hasGraphviz ? drawn.output.contains("<svg") : drawn.errors.contains("'dot' is not installed"))
    }

    @Test(arguments: ["dot", "mermaid"])
    func aGraphIsDrawn(format: String) throws {
        try golden.expect(DecantProgram().run("graph", "tiny.yaml", "--format", format).output, equals: "graph.\(format).txt")
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

        // Beside each input stands the commit that made it.
        let rows = try program.run("show", "data.rows").output.matches(of: /input +\S+ = ([0-9a-f]+) \(commit ([0-9a-f]+)\)/)
        #expect(rows.count == 2)
        for input in rows {
            let made = try #require(try program.run("show", String(input.2), "--json").events.first)
            #expect(made["artifact"]?.string?.hasPrefix(input.1) == true)
        }

        let log = try #require(try program.run("log", "tiny", "--json").events.first)
        #expect(log["targets"]?.array?.count == 3)

        try program.run("export", "model", "out")
        for file in shown["files"]?.array ?? [] {
            let content = try Data(contentsOf: program.folder.appending(path: "out/\(file["path"]?.string ?? "")"))
            #expect(Digest(hashing: content).hex == file["sha256"]?.string)
        }
        #expect(try program.run("export", "model", "out", status: 2).errors.contains("exists already"))

        let answer = try program.run("run", "student.kd", "kitchen light on").output
        #expect(try JSON(parsing: answer).array != nil)
        try program.run("export", "data", "rows")
        let constrained = try program.run(
            "run", "student.kd", "what time is it", "--constrained", "--functions", "rows/functions.json"
        ).output
        #expect(try JSON(parsing: constrained).array != nil)
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
        // A set that the data does not have: known only when the data is there, since a stage makes the templates.
        try program.edit("tiny.yaml", "templates: utterances", "templates: copied")
        try program.edit(
            "tiny.yaml", "evaluate: {sets: [test, phrasing, ood]}",
            """
            evaluate: {sets: [test, values]}
            stages:
              copied:
                command: [cp, inputs/texts/utterances.yaml, outputs/utterances.yaml]
                inputs: {texts: utterances}
                outputs: [utterances.yaml]
            """)
        try program.edit("utterances.yaml", "to: 25, hold_out: true}", "to: 25}")
        let result = try program.run("build", "tiny.yaml", "--json", "--keep-going", status: 1)
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
        (["build"], "Missing expected argument '<recipe>'"), (["build", "nowhere.yaml"], "there is no recipe at nowhere.yaml"),
        (["frobnicate"], "Unexpected argument 'frobnicate'"),
        (["build", "tiny.yaml", "no.stage"], "no stage or target 'no.stage'"),
        (["build", "tiny.yaml", "--jobs", "0"], "--jobs must be at least 1"),
        (["import", "nothing.bin"], "there is no file at nothing.bin"),
        (["log", "nobody"], "there is no store in"),
    ])
    func aWrongCommandLineExitsWithTwo(arguments: [String], message: String) throws {
        let program = try DecantProgram()
        let process = try program.start(arguments)
        let errors = try #require(process.standardError as? Pipe).fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        #expect(process.terminationStatus == 2)
        #expect(String(decoding: errors, as: UTF8.self).contains(message))
    }

    /// A command is its file and one line among the program's subcommands.
    @Test func everyCommandIsDeclaredOnceAndRegisteredOnce() throws {
        let sources = try Checkout.files(below: "Sources/DecantCLI", suffix: ".swift").map {
            try String(contentsOf: $0, encoding: .utf8)
        }
        let declared = sources.flatMap { $0.matches(of: /struct (\w+Command): (?:Async)?ParsableCommand/).map { String($0.1) } }
        #expect(declared.count > 20 && Set(declared).count == declared.count)
        for command in declared where command != "DecantCommand" {
            let registered = sources.flatMap { $0.matches(of: /\b(\w+)\.self/) }.filter { $0.1 == command }
            #expect(registered.count == 1, "\(command)")
        }
    }

    /// Whatever repository a recipe lies in, its store keeps itself out of it.
    @Test func nothingOfTheStoreIsCommittedByAccident() throws {
        let program = try DecantProgram()
        try program.shell("git init --quiet")
        try program.run("build", "tiny.yaml", "data")
        let files = try program.shell("git add --all && git ls-files").split(separator: "\n")
        #expect(files == ["functions.yaml", "tiny.yaml", "utterances.yaml"])
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
        let object = program.folder.appending(
            path: "cache/lineage.git/lfs/objects/\(weights.prefix(2))/\(weights.dropFirst(2).prefix(2))/\(weights)")
        chmod(object.path, 0o644)
        var content = try Data(contentsOf: object)
        content[3] = 0x7F
        try content.write(to: object)
        #expect(try program.run("fsck", status: 1).output.contains(weights))
        let result = try program.run("run", "student.kd", "hello", status: 3)
        #expect(result.errors.contains("the object \(weights) is damaged"))
        #expect(result.errors.contains("hint: decant fsck --repair"))
        #expect(try program.run("fsck", "--repair", status: 1).output.contains("put aside"))
        // What gave it runs again, and gives the same; nothing else does.
        #expect(try program.build().strings("ran") == ["student.kd"])
        #expect(try program.run("fsck").output.contains(" 0 problems"))
        #expect(try program.run("run", "student.kd", "hello").status == 0)
    }
}
