import CanonicalJSON
import Foundation
import TestSupport
import Testing

/// A result that does not arrive is an error, and so is a check that could not look.
@Suite struct OutputTests {
    /// Runs a line of the shell in which `decant` is the program.
    private func shell(_ line: String, in program: DecantProgram) throws -> ProgramRun {
        try ProgramRun(
            ["bash", "-c", "decant() { '\(Checkout.program.path)' \"$@\"; }; \(line)"], in: program.folder,
            environment: ["PATH": "/usr/bin:/bin", "HOME": program.folder.path, "DECANT_CACHE": "cache", "LC_ALL": "C"])
    }

    @Test func aResultThatCannotBeWrittenIsAnErrorOfEveryCommand() throws {
        let program = try DecantProgram()
        try program.run("build", "tiny.yaml", "data")
        let commands = [
            "--help", "--version", "schema", "schema --format markdown", "help build", "check tiny.yaml", "plan tiny.yaml",
            "plan tiny.yaml --json", "explain tiny.yaml data", "graph tiny.yaml", "build tiny.yaml data --json", "show data",
            "show data --json", "lineage data", "lineage data --json", "verify data", "status", "status --json", "fsck",
            "fsck --json", "gc --dry-run", "import tiny.yaml", "export data out", "init other",
        ]
        var checked = 0
        for command in commands {
            let lost = try shell("rm -rf out other*; decant \(command) > /dev/full", in: program)
            let plain = try shell("rm -rf out other*; decant \(command)", in: program)
            #expect(plain.status == 0, "\(command): \(plain.errors)")
            guard !plain.output.isEmpty else { continue }
            checked += 1
            #expect(lost.status == 3, "\(command)")
            #expect(lost.errors.contains("standard output: No space left on device"), "\(command)")
        }
        #expect(checked >= 20)
    }

    /// What is printed does not go into the first file that the program opens.
    @Test func aClosedOutputIsAnErrorAndDamagesNothing() throws {
        let program = try DecantProgram()
        try program.run("build", "tiny.yaml", "data")
        for streams in [">&-", "<&- >&-", "<&- >&- 2>&-", ">/dev/null <&-"] {
            let run = try shell("decant status --json \(streams)", in: program)
            #expect(run.status == (streams.contains(">&-") ? 3 : 0), "\(streams)")
        }
        #expect(try program.run("fsck").output.contains("0 problems"))
        #expect(try program.run("build", "tiny.yaml", "data", "--json").events.last?["ran"] == [])
    }

    @Test func aStatusOfAnErrorStays() throws {
        let program = try DecantProgram()
        #expect(try shell("decant show nothing --json > /dev/full", in: program).status == 2)
    }

    @Test func aCheckOfNoStoreChecksNothing() throws {
        let program = try DecantProgram()
        let run = try program.run("fsck", "--cache", "elsewhere", status: 2)
        #expect(run.errors.contains("there is no store in"))
        #expect(!FileManager.default.fileExists(atPath: program.folder.appending(path: "elsewhere").path))
    }

    /// A message names the next command as it must be typed here, whichever module wrote it.
    @Test func commandsInMessagesAreOfThisStore() throws {
        let program = try DecantProgram()
        try program.run("build", "tiny.yaml", "source.functions", "--cache", "else where")
        _ = try shell("f=$(find 'else where/lineage.git/lfs/objects' -type f); chmod 644 \"$f\"; echo x >> \"$f\"", in: program)
        let run = try program.run("export", "source.functions", "out", "--cache", "else where", status: nil)
        #expect(run.errors.contains("; `decant fsck --cache 'else where'` names everything that is"), "\(run.errors)")
        #expect(run.errors.contains("hint: decant fsck --repair --cache 'else where'\n"), "\(run.errors)")
        program.extraEnvironment["DECANT_PROGRAM"] = "./decant"
        let launched = try program.run("export", "source.functions", "out", "--cache", "else where", status: nil)
        #expect(launched.errors.contains("; `./decant fsck --cache 'else where'` names everything that is"))
    }

    @Test func aSampleOfSourcesAloneVerifiesNothing() throws {
        let program = try DecantProgram()
        try program.run("build", "tiny.yaml", "source.functions")
        #expect(try program.run("verify", "source.functions").output.contains("1 of 1 stages verified"))
        let sample = try program.run("verify", "source.functions", "--sample", "50%", status: 2)
        #expect(sample.errors.contains("nothing was verified"))
    }

    /// Objects may lie on another disk.
    @Test func linkedObjectsAreChecked() throws {
        let program = try DecantProgram()
        try program.run("build", "tiny.yaml", "data")
        let plain = try program.run("fsck").output
        _ = try shell("mv cache/lineage.git/lfs/objects far && ln -s \"$PWD/far\" cache/lineage.git/lfs/objects", in: program)
        #expect(try program.run("fsck").output == plain)
        _ = try shell("f=$(find far -type f | head -1); chmod 644 $f; echo x > $f", in: program)
        #expect(try program.run("fsck", status: 1).output.contains("is damaged"))
    }
}
