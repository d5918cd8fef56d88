import Foundation
import TestSupport
import Testing

/// The proofs of `scripts/crash-test`, short.
@Suite(.serialized) struct CrashScriptTests {
    private static let hasTracer = ProgramRun.succeeds(["strace", "-V"])

    private func crashTest(_ arguments: String...) throws -> ProgramRun {
        try ProgramRun(
            ["python3", Checkout.file("scripts/crash-test").path] + arguments + ["--decant", Checkout.program.path],
            mergesErrors: true)
    }

    /// Bytes, then their names, then the folders around them, then the ref that relies on all of it.
    @Test(.enabled(if: hasTracer, "strace writes the system calls down")) func whatARefNeedsIsOnTheDiskBeforeIt() throws {
        let run = try crashTest("flush")
        #expect(run.status == 0, "\(run.output)")
        #expect(run.output.split(separator: "\n").count == 10, "\(run.output)")
    }

    @Test func aCommandThatIsKilledLeavesNothingHalfMade() throws {
        let run = try crashTest("commands", "--count", "6")
        #expect(run.status == 0, "\(run.output)")
        #expect(run.output.split(separator: "\n").count == 6, "\(run.output)")
    }
}
