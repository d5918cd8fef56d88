import CanonicalJSON
import Foundation
import TestSupport
import Testing

/// What strangers name or write: it ends at once, and nothing of it reaches the terminal.
@Suite struct HostileInputTests {
    let program: DecantProgram

    init() throws { program = try DecantProgram() }

    @Test(.mustEnd, arguments: ["/dev/zero", "/dev/tty", "pipe", "/proc/self/environ", "/proc/kmsg"])
    func aSourceThatIsNoFileIsRefusedAtOnce(path: String) throws {
        if path == "pipe" { #expect(mkfifo(program.folder.appending(path: "pipe").path, 0o600) == 0) }
        try program.edit("tiny.yaml", "functions: {path: functions.yaml}", "functions: {path: \(path)}")
        for command in ["check", "plan", "build"] {
            let result = try program.run(command, "tiny.yaml", status: 2)
            #expect(result.errors.contains("the source 'functions' cannot be read: "), "\(command): \(result.errors)")
            #expect(result.errors.contains("name a file on a disk"), "\(result.errors)")
        }
    }

    @Test(.mustEnd, arguments: ["/dev/zero", "pipe", "/proc/version", "."])
    func whatACommandNamesIsRefusedAtOnce(path: String) throws {
        if path == "pipe" { #expect(mkfifo(program.folder.appending(path: "pipe").path, 0o600) == 0) }
        for arguments in [["check", path], ["import", path], ["build", path]] {
            let run = ProgramRun(readingToTheEndOf: try program.start(arguments))
            #expect(run.status == 2, "\(arguments): \(run.errors)")
            #expect(run.errors.contains("name a file"), "\(arguments): \(run.errors)")
        }
        try program.write("decant: 1\nname: x\nextends: \(path)\n", to: "x.yaml")
        #expect(try program.run("check", "x.yaml", status: 2).errors.contains("extends"))
    }

    @Test(.mustEnd) func aLockFileOrAStoreThatIsAPipeIsRefused() throws {
        #expect(mkfifo(program.folder.appending(path: "tiny.lock").path, 0o600) == 0)
        #expect(try program.run("check", "tiny.yaml", status: 2).errors.contains("it is a named pipe"))
        let status = ProgramRun(readingToTheEndOf: try program.start(["status", "--cache", "tiny.lock"])).status
        #expect(status != 0)
    }

    @Test func namesOfOthersReachNoTerminal() throws {
        let hostile = "a\u{1B}]0;pwned\u{7}\u{9B}31m\u{202E}b"
        let runs = [
            try program.run("check", hostile, status: 2), try program.run("show", "x", "--cache", hostile, status: 2),
            try program.run("import", hostile, status: 2), try program.run("explain", "tiny.yaml", hostile, status: nil),
        ]
        for run in runs {
            for scalar in ["\u{1B}", "\u{7}", "\u{9B}", "\u{202E}"] { #expect(!(run.output + run.errors).contains(scalar)) }
            #expect(run.errors.contains("\\u{1B}"), "\(run.errors)")
        }
    }

    @Test func aTagOfAStrangerReachesNoTerminal() throws {
        let program = try LineageWorkshop.built().copy()
        let git = ["git", "--git-dir", program.folder.appending(path: "cache/lineage.git").path]
        let commit = try ProgramRun.output(of: git + ["rev-parse", "refs/heads/tiny"]).trimmingCharacters(
            in: .whitespacesAndNewlines)
        let text =
            "object \(commit)\ntype commit\ntag t1\ntagger \u{1B}[31mEve <a@b> 946684800 +0000\n\n\u{1B}]0;title\u{7} \u{202E}msg\n"
        let tag = try ProgramRun.output(
            of: git + ["hash-object", "-w", "-t", "tag", "--stdin", "--literally"], input: Data(text.utf8)
        )
        .trimmingCharacters(in: .whitespacesAndNewlines)
        try ProgramRun.output(of: git + ["update-ref", "refs/tags/t1", tag])
        for arguments in [["tag"], ["show", "t1"], ["log"], ["lineage", "t1"]] {
            let run = ProgramRun(readingToTheEndOf: try program.start(arguments))
            for scalar in ["\u{1B}", "\u{7}", "\u{202E}"] {
                #expect(!(run.output + run.errors).contains(scalar), "\(arguments)")
            }
        }
    }
}
