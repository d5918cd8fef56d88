import Foundation
import TestSupport
import Testing

/// `./test` ends with what failed, and with the status of `swift test`.
@Suite struct TestScriptTests {
    private let place = TemporaryFolder()

    /// Runs the script beside stand-ins for `swift` and for what installs packages.
    private func run(_ arguments: [String] = [], status: Int) throws -> ProgramRun {
        try place.write(Data(contentsOf: Checkout.file("test")), to: "test")
        let programs = [
            "scripts/install-packages": "#!/bin/sh\n",
            "Benchmarks/instructions/run": "#!/bin/sh\necho instructions \"$@\"\n",
            "bin/swift": """
            #!/bin/sh
            [ "$2" = --help-hidden ] && exit
            echo "◇ Test a() started."
            printf '%s\\n' '✘ Test a() recorded an issue at A.swift:3:9: Expectation failed: "x' 'y"' >&2
            echo "↳ why" >&2
            echo "✔ Test b() passed."
            echo "✘ Test a() failed."
            echo "◇ $*"
            exit \(status)

            """,
        ]
        for (path, text) in programs { try ProgramRun.makeProgram(text, at: place.file(path)) }
        return try ProgramRun(
            ["bash", place.file("test").path] + arguments,
            environment: ["PATH": "\(place.file("bin").path):/usr/bin:/bin", "TMPDIR": place.url.path])
    }

    @Test(arguments: [[], ["--fast"]]) func whatFailedComesAgainAtTheEnd(arguments: [String]) throws {
        let run = try run(arguments + ["--filter", "A"], status: 3)
        #expect(run.status == 3)
        #expect(run.output.components(separatedBy: "↳ why").count == 3)
        #expect(
            run.output.hasSuffix(
                """
                 --filter A

                test: ended with status 3; what failed:
                ✘ Test a() recorded an issue at A.swift:3:9: Expectation failed: "x
                y"
                ↳ why
                ✘ Test a() failed.

                """))
    }

    @Test func whatPassedEndsAsItEnds() throws {
        let run = try run(status: 0)
        #expect(run.status == 0)
        #expect(!run.output.contains("what failed"))
    }

    @Test func instructionsAreCountedWhereAllTestsRan() throws {
        let line = "instructions --program .build-test/release\n"
        #expect(try run(status: 0).output.hasSuffix(line))
        for arguments in [["--filter", "A"], ["--fast"]] {
            #expect(try !run(arguments, status: 0).output.contains(line))
        }
    }
}
