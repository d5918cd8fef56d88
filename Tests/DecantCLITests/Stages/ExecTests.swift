import BuildModel
import CanonicalJSON
import Foundation
import TestSupport
import Testing

@testable import Kinds

@Suite struct ExecTests {
    /// The kind's golden digest: other bytes for the same command want another revision.
    @Test func theOutputsDigestIsThatOfTheRevision() throws {
        let run = try ExecRun("printf hello > outputs/out")
        try #require(run.status == 0, "\(run.log)")
        let files = try FileManager.default.subpathsOfDirectory(atPath: run.folder.appending(path: "outputs").path).map {
            path in
            let content = try Data(contentsOf: run.folder.appending(path: "outputs/\(path)"))
            return Artifact.File(path: path, size: content.count, digest: Digest(hashing: content))
        }
        #expect(Exec.revision == 1)
        #expect(Artifact(files: files).digest.hex == "b16c38dddd91e0e4356335772206ea98a6f04012abc852c0e2a805dcb16c3f99")
    }

    @Test func theCommandSeesItsInputsAndAnEmptyOutputsAndNothingElse() throws {
        let run = try ExecRun(
            "{ find . | sort; cat inputs/rows/a.txt inputs/rows/deep/b.txt; } > ../tmp/list; mv ../tmp/list outputs/out",
            inputs: ["rows/a.txt": "one\n", "rows/deep/b.txt": "two\n"])
        try #require(run.status == 0, "\(run.log)")
        #expect(
            try run.text("out") == """
                .
                ./inputs
                ./inputs/rows
                ./inputs/rows/a.txt
                ./inputs/rows/deep
                ./inputs/rows/deep/b.txt
                ./outputs
                one
                two

                """)
        #expect(run.leftovers == ["action.json", "inputs", "log", "outputs", "progress", "progress.jsonl"])
    }

    @Test(.enabled(if: Machine.hasNamespaces, "the kernel allows no inner root"))
    func inputsAreReadOnlyCopies() throws {
        let run = try ExecRun(
            "echo three >> inputs/rows/a.txt || cp inputs/rows/a.txt outputs/out", inputs: ["rows/a.txt": "one\n"])
        try #require(run.status == 0, "\(run.log)")
        #expect(run.log.contains("Read-only file system"))
        #expect(try run.text("out") == "one\n")
        #expect(try String(contentsOf: run.folder.appending(path: "inputs/rows/a.txt"), encoding: .utf8) == "one\n")
    }

    @Test func theTimesOfInputsAreConstant() throws {
        let run = try ExecRun("stat -c %Y inputs inputs/rows inputs/rows/a.txt > outputs/out", inputs: ["rows/a.txt": "one\n"])
        #expect(try run.text("out") == "315532800\n315532800\n315532800\n")
    }

    @Test func theEnvironmentIsWhatIsDeclared() throws {
        let exec = Exec(
            command: ["env"], environment: ["GREETING": "good day", "TZ": "CET"], outputs: ["out"], timeLimit: 60, memory: 0)
        let run = try ExecRun(exec).run()
        // The command itself makes no output; the log has what it printed.
        #expect(run.status == 1)
        let work = run.folder.resolvingSymlinksInPath().path + "/exec"
        let variables = run.log.split(separator: "\n").filter { $0.contains("=") && !$0.contains(" = ") }.sorted()
        #expect(
            variables == [
                "GREETING=good day", "HOME=\(work)/home", "LC_ALL=C", "PATH=/usr/local/bin:/usr/bin:/bin", "TMPDIR=\(work)/tmp",
                "TZ=CET",
            ])
    }

    @Test func aDeclaredPathIsWhereTheCommandIsLookedUp() throws {
        let run = try ExecRun(ExecRun.shell("true", environment: ["PATH": "/nowhere"])).run()
        #expect(run.status == 1)
        #expect(run.log.contains("there is no program 'sh' along the PATH /nowhere"))
    }

    @Test func homeAndTemporaryFilesHaveAPlaceThatIsRemoved() throws {
        let run = try ExecRun("echo x > $HOME/x; echo y > $TMPDIR/y; cat $HOME/x $TMPDIR/y > outputs/out")
        #expect(try run.text("out") == "x\ny\n")
        #expect(!run.leftovers.contains("exec"))
    }

    @Test func bothOutputsGoToTheLogAndNoneToTheProgress() throws {
        let run = try ExecRun("echo said; echo complained >&2; touch outputs/out")
        #expect(run.status == 0)
        #expect(run.log.contains("said\n"))
        #expect(run.log.contains("complained\n"))
        #expect(run.output == "")
    }

    @Test func theCommandReadsNothing() throws {
        #expect(try ExecRun("cat > outputs/out").text("out") == "")
    }

    @Test func outputsThatAreNotDeclaredAreNamedAndDropped() throws {
        let run = try ExecRun(
            "mkdir -p outputs/kept/deep; echo a > outputs/kept/deep/a; echo b > outputs/b; echo c > outputs/c",
            outputs: ["kept", "b"])
        try #require(run.status == 0, "\(run.log)")
        #expect(run.files == ["b", "kept", "kept/deep", "kept/deep/a"])
        #expect(run.log.contains("exec: not declared, so not kept: outputs/c\n"))
    }

    @Test func outputsHavePlainModes() throws {
        let run = try ExecRun("echo a > outputs/out; chmod 4755 outputs/out")
        let attributes = try FileManager.default.attributesOfItem(atPath: run.folder.appending(path: "outputs/out").path)
        #expect(attributes[.posixPermissions] as? Int == 0o644)
    }

    @Test func aMissingOutputIsNamedWithWhatIsThere() throws {
        let run = try ExecRun(
            "echo a > outputs/aut; mkdir outputs/folder; echo b > outputs/folder/b", outputs: ["out", "folder", "more"])
        #expect(run.status == 1)
        #expect(run.log.contains("did not make outputs/more, outputs/out; it made outputs/aut, outputs/folder/b"))
        #expect(run.files == [])
        #expect(try ExecRun("true").log.contains("did not make outputs/out; it made no file"))
    }

    @Test(arguments: [
        ("ln -s /etc/hostname outputs/out", ["out"], "outputs/out"),
        ("ln -s /etc outputs/out", ["out/hostname"], "outputs/out"),
        ("mkdir outputs/out; ln -s /etc/hostname outputs/out/x", ["out"], "outputs/out/x"),
        ("mkfifo outputs/out", ["out"], "outputs/out"),
    ])
    func linksAndSpecialFilesAreRefused(script: String, outputs: [String], named: String) throws {
        let run = try ExecRun(script, outputs: outputs)
        #expect(run.status == 1)
        #expect(run.log.contains("\(named) is a link or a special file"))
        #expect(run.files.allSatisfy { !$0.hasSuffix("x") && !$0.hasSuffix("hostname") })
    }

    @Test(arguments: ["../action.json", "/etc/hostname", "a/../../b", ""])
    func aDeclaredPathMustLieBelowOutputs(path: String) throws {
        let run = try ExecRun("true", outputs: [path])
        #expect(run.status == 1)
        #expect(run.log.contains("the output '\(path)' is not a path below outputs/"))
    }

    @Test func aFailureNamesTheStatusOrTheSignal() throws {
        let failed = try ExecRun("echo why >&2; exit 3")
        #expect(failed.status == 1)
        #expect(failed.log.contains("the command exited with status 3"))
        #expect(failed.log.contains("why\n"))
        #expect(try ExecRun("kill -9 $$").log.contains("the command was ended by signal 9 (Killed)"))
        #expect(!failed.leftovers.contains("exec"))
    }

    @Test func aCommandThatIsNotThereIsNamed() throws {
        let exec = { (command: [String]) in
            try ExecRun(
                Exec(command: command, environment: [:], outputs: ["out"], timeLimit: 60, memory: 0),
                inputs: ["code/run.py": "pass"]
            ).run().log
        }
        #expect(try exec(["no-such-program-here"]).contains("there is no program 'no-such-program-here' along the PATH"))
        #expect(try exec(["inputs/code/other.py"]).contains("there is no program inputs/code/other.py"))
        #expect(try exec(["inputs/code/run.py"]).contains("is not executable; name the program that reads it first"))
        #expect(try exec([]).contains("the command is empty"))
    }

    @Test func aMemoryLimitHolds() throws {
        let script = "python3 -c 'bytearray(1 << 30); print(1)' && touch outputs/out"
        #expect(try ExecRun(ExecRun.shell(script, memory: 512 << 20)).run().log.contains("MemoryError"))
        #expect(try ExecRun(script).status == 0)
    }

    @Test func atTheTimeLimitEverythingThatRunsIsKilled() throws {
        let mark = ExecRun.mark()
        let run = try ExecRun(ExecRun.shell("sh -c 'sleep \(mark); true' & wait", timeLimit: 1.5)).run()
        #expect(run.status == 1)
        #expect(run.log.contains("the command ran longer than its time limit of 1.5 s"))
        #expect(!run.leftovers.contains("exec"))
        #expect(!ExecRun.isRunning(mark))
    }

    @Test(
        .enabled(if: Machine.canForbidNamespaces, "this machine cannot forbid namespaces to a child"), arguments: [true, false])
    func notEvenASessionOfItsOwnOutlivesTheCommand(inNamespaces: Bool) throws {
        let wrapper = inNamespaces ? [] : Machine.withoutNamespaces
        let mark = ExecRun.mark()
        let sleeper = "setsid sh -c 'sleep \(mark); true' & "
        let late = try ExecRun(ExecRun.shell(sleeper + "wait", timeLimit: 1)).run(wrapper: wrapper)
        #expect(late.log.contains("time limit of 1 s"))
        #expect(!ExecRun.isRunning(mark))
        #expect(try ExecRun(ExecRun.shell(sleeper + "sleep 0.5; touch outputs/out")).run(wrapper: wrapper).status == 0)
        #expect(!ExecRun.isRunning(mark))
    }

    @Test(
        .enabled(if: Machine.canForbidNamespaces, "this machine cannot forbid namespaces to a child"), arguments: [true, false])
    func theCommandDiesWithItsStage(inNamespaces: Bool) throws {
        let mark = ExecRun.mark()
        let run = try ExecRun(ExecRun.shell("sh -c 'sleep \(mark); true'"))
        let stage = try run.start(wrapper: inNamespaces ? [] : Machine.withoutNamespaces)
        // The mark stands in the action too, but not in the stage's arguments.
        for _ in 0..<2400 where !ExecRun.isRunning("sleep\0\(mark)") { usleep(50_000) }
        #expect(ExecRun.isRunning("sleep\0\(mark)"))
        kill(stage.processIdentifier, SIGKILL)
        stage.waitUntilExit()
        for _ in 0..<2400 where ExecRun.isRunning(mark) { usleep(50_000) }
        #expect(!ExecRun.isRunning(mark))
    }

    @Test(.enabled(if: Machine.hasNamespaces, "the kernel allows no network namespace"))
    func theCommandHasNoNetwork() throws {
        let server = try FileServer()
        defer { server.stop() }
        let run = try Self.connecting(to: server).run()
        #expect(run.status == 1)
        #expect(run.log.contains("exec: no network (network namespace)\n"))
        #expect(run.log.contains("OSError") || run.log.contains("unreachable"))
    }

    @Test(.enabled(if: Machine.canForbidNamespaces, "this machine cannot forbid namespaces to a child"))
    func whereTheKernelAllowsNoNamespaceTheLogSaysSo() throws {
        let server = try FileServer()
        defer { server.stop() }
        let run = try Self.connecting(to: server).run(wrapper: Machine.withoutNamespaces)
        #expect(run.log.contains("exec: the kernel allows no network namespace; the command can reach the network\n"))
        #expect(run.status == 0, "\(run.log)")
        #expect(try run.text("out") == "reached")
    }

    /// A second run, elsewhere and later, gives the same bytes: also where the command archives its inputs with their times.
    @Test func anArchiveOfTheInputsIsTheSameEveryTime() throws {
        let archive = {
            let run = try ExecRun(
                "tar --sort=name --owner=0 --group=0 --numeric-owner -cf outputs/out inputs", inputs: ["rows/a.txt": "b\na\n"])
            try #require(run.status == 0, "\(run.log)")
            return Digest(hashing: try Data(contentsOf: run.folder.appending(path: "outputs/out")))
        }
        let first = try archive()
        usleep(1_100_000)
        #expect(try archive() == first)
    }

    /// A command that connects to a server of the test, which is there.
    private static func connecting(to server: FileServer) throws -> ExecRun {
        try ExecRun(
            Exec(
                command: [
                    "python3", "-c",
                    "import socket; socket.create_connection(('127.0.0.1', \(server.port)), 60); "
                        + "open('outputs/out', 'w').write('reached')",
                ], environment: [:], outputs: ["out"], timeLimit: 60, memory: 0))
    }
}
