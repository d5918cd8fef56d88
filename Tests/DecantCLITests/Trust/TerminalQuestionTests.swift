import CanonicalJSON
import Foundation
import TestSupport
import Testing

/// Questions that only a person at a terminal is asked.
@Suite(.serialized) struct TerminalQuestionTests {
    /// Runs a command at a pseudo-terminal, answers its first question, and prints the status and what the terminal showed.
    private static let script = """
        import os, pty, select, sys
        answer, command = sys.argv[1], sys.argv[2:]
        process, terminal = pty.fork()
        if process == 0:
            os.execv(command[0], command)
        shown, answered = b"", False
        while True:
            try:
                if not select.select([terminal], [], [], 120)[0]:
                    break
                read = os.read(terminal, 65536)
            except OSError:
                break
            if not read:
                break
            shown += read
            if b"[y/N]" in shown and not answered:
                os.write(terminal, answer.encode() + b"\\n")
                answered = True
        print(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]))
        sys.stdout.flush()
        sys.stdout.buffer.write(shown.replace(b"\\r", b""))
        """

    private func atTerminal(
        _ program: DecantProgram, answering answer: String, _ arguments: String...
    ) throws -> (status: Int?, shown: String) {
        var environment = ["DECANT_CACHE": program.cache, "HOME": program.folder.path, "LC_ALL": "C", "TERM": "xterm"]
        environment["PATH"] = ProcessInfo.processInfo.environment["PATH"]
        let output = try ProgramRun.output(
            of: ["python3", "-c", Self.script, answer, Checkout.program.path] + arguments, in: program.folder,
            environment: environment.merging(program.extraEnvironment) { $1 })
        let parts = output.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false)
        return (Int(parts[0]), parts.count > 1 ? String(parts[1]) : "")
    }

    @Test func aSecretIsAskedForOnceAndGoesOnlyWhereItWasAllowed() throws {
        let server = try ModelServer()
        let program = try server.program(", api_key_env: TEACHER_KEY")
        let host = "127.0.0.1:\(server.port)"
        program.extraEnvironment["TEACHER_KEY"] = "sk-s3cret"
        let question = "The recipe wants to send the secret TEACHER_KEY to \(host). Allow it from now on? [y/N] "
        for answer in ["", "n", "yess", "\u{4}"] {
            let refused = try atTerminal(program, answering: answer, "build", "tiny.yaml", "teacher.samples")
            #expect(refused.status == 1, "'\(answer)': \(refused.shown)")
            #expect(refused.shown.components(separatedBy: question).count == 2, "'\(answer)': \(refused.shown)")
            #expect(server.answeredSeeds().isEmpty)
        }
        let allowed = try atTerminal(program, answering: "y", "build", "tiny.yaml", "teacher.samples")
        #expect(allowed.status == 0 && allowed.shown.contains(question), "\(allowed.shown)")
        #expect(!allowed.shown.contains("s3cret"))
        #expect(!server.answeredSeeds().isEmpty)
        #expect(try program.run("trust").output.contains("TEACHER_KEY"))
        // The answer holds: nobody is asked again.
        try program.edit("tiny.yaml", "samples: 1", "samples: 2")
        let again = try atTerminal(program, answering: "n", "build", "tiny.yaml", "teacher.samples")
        #expect(again.status == 0 && !again.shown.contains("[y/N]"), "\(again.shown)")
    }

    /// A terminal that moves no cursor gets lines.
    @Test func aDumbTerminalGetsLines() throws {
        let program = try DecantProgram()
        program.extraEnvironment["TERM"] = "dumb"
        let run = try atTerminal(program, answering: "", "build", "tiny.yaml", "data")
        #expect(run.status == 0 && run.shown.contains("done     data") && !run.shown.contains("\u{1B}"), "\(run.shown)")
    }
}
