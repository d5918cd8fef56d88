import CanonicalJSON
import Foundation
import TestSupport
import Testing

/// Builds that are stopped, killed, starved and crowded.
@Suite(.serialized) struct InterruptionTests {
    /// A training of some seconds after a few quick stages.
    static let long = DecantProgram.tinyRecipe.replacingOccurrences(of: "SFT(steps: 150)", with: "SFT(steps: 1500)")

    /// Waits for an event of a running build.
    private func wait(for process: Process, _ kind: String, _ stage: String) throws {
        let handle = try #require(process.standardOutput as? Pipe).fileHandleForReading
        var text = ""
        while case let chunk = handle.availableData, !chunk.isEmpty {
            text += String(decoding: chunk, as: UTF8.self)
            if text.split(separator: "\n").contains(where: { line in
                (try? JSON(parsing: String(line))).map { $0["event"]?.string == kind && $0["stage"]?.string == stage } ?? false
            }) {
                return
            }
        }
        Issue.record("the build ended before \(kind) of \(stage)")
    }

    /// A build that was stopped while it trained, within two seconds and with a checkpoint. A machine that is busy with other
    /// programs may be too slow for that, though hardly each time.
    private func interruptedBuild() throws -> DecantProgram {
        for _ in 0..<8 {
            let program = try DecantProgram(recipe: Self.long)
            let process = try program.start(["build", "tiny.yaml", "teacher", "--json"])
            try wait(for: process, "stage-progressed", "teacher.sft")
            Thread.sleep(forTimeInterval: 0.5)
            let asked = ContinuousClock.now
            process.interrupt()
            process.waitUntilExit()
            let time = ContinuousClock.now - asked
            #expect(process.terminationStatus == 130)
            if time < .seconds(2.5), try program.run("status").output.contains("checkpoint of") { return program }
        }
        throw TooSlow()
    }

    private struct TooSlow: Error {}

    @Test func ctrlCStopsWithinTwoSecondsAndTheNextBuildGoesOnFromTheCheckpoint() throws {
        let program = try interruptedBuild()
        #expect(try program.run("status").output.contains("stopped  train.sft"))
        // It is no result.
        #expect(
            try program.run("plan", "tiny.yaml", "--json").events.first?["stages"]?.array?.first {
                $0["name"] == "teacher.sft"
            }?[
                "state"] == "stale")

        let resumed = try program.run("build", "tiny.yaml", "teacher", "--json").events
        let first = try #require(resumed.first { $0["event"] == "stage-progressed" && $0["stage"] == "teacher.sft" })
        #expect((first["progress"]?["done"]?.integer ?? 0) > 1)
        let whole = try DecantProgram(recipe: Self.long)
        let reference = try whole.run("build", "tiny.yaml", "teacher", "--json").events
        func commit(_ events: [JSON]) -> String? {
            events.first { $0["event"] == "stage-finished" && $0["stage"] == "teacher.sft" }?["commit"]?.string
        }
        #expect(commit(resumed) != nil && commit(resumed) == commit(reference))
    }

    @Test func aSecondCtrlCEndsItAtOnce() throws {
        let program = try DecantProgram(recipe: Self.long)
        let process = try program.start(["build", "tiny.yaml", "teacher", "--json"])
        try wait(for: process, "stage-started", "teacher.sft")
        process.interrupt()
        Thread.sleep(forTimeInterval: 0.05)
        process.interrupt()
        process.waitUntilExit()
        // The second one may come when the program has stopped its stages, and hears no signals any more: it ends by it.
        let isKilled = process.terminationReason == .uncaughtSignal
        #expect(process.terminationStatus == (isKilled ? SIGINT : 130))
        #expect(try program.run("fsck").output.contains(" 0 problems"))
    }

    /// Runs `scripts/crash-test`, which ends with an error at the first store that is not whole.
    private func crashTest(_ arguments: String...) throws -> String {
        let run = try ProgramRun(
            ["python3", Checkout.file("scripts/crash-test").path] + arguments,
            environment: ProcessInfo.processInfo.environment.merging(["DECANT": Checkout.program.path]) { $1 },
            mergesErrors: true)
        #expect(run.status == 0, "\(run.output)")
        return run.output
    }

    @Test func killedBuildsLeaveAWholeStore() throws {
        #expect(try crashTest("kill", "--count", "12").contains("every fsck clean, the same commits"))
    }

    @Test func failingWritesLeaveAWholeStore() throws {
        #expect(try crashTest("fault", "--every", "97", "--first", "31").contains("every fsck clean, the same commits"))
    }

    @Test func aFullDiskIsSaidAndLosesNothing() throws {
        let text = try crashTest("full", "--sizes", "300,500,900")
        #expect(text.split(separator: "\n").count == 3)
    }

    @Test func buildsInOneStoreAtOnceRunNoActionTwice() throws {
        #expect(try crashTest("share", "--rounds", "1").contains("none twice"))
    }
}
