import CanonicalJSON
import Foundation
import TestSupport
import Testing

/// `decant peek` shows a stage before it has a result.
@Suite(.serialized) struct PeekTests {
    /// Waits until a running build has a checkpoint.
    private func waitForCheckpoint(in program: DecantProgram) throws {
        for _ in 0..<1200 {
            if try program.run("status", status: nil).output.contains("checkpoint of") { return }
            Thread.sleep(forTimeInterval: 0.05)
        }
        Issue.record("no checkpoint was written in a minute")
    }

    private func peek(_ program: DecantProgram, _ arguments: String...) throws -> JSON {
        let process = try program.start(["peek", "tiny.yaml", "teacher.sft", "--json"] + arguments)
        let run = ProgramRun(readingToTheEndOf: process)
        try #require(run.status == 0, "\(run.errors)")
        return try JSON(parsing: run.output)
    }

    @Test func aTrainingIsSeenWhileItRunsAndWhenItWasStopped() throws {
        let program = try DecantProgram(recipe: InterruptionTests.long)
        let build = try program.start(["build", "tiny.yaml", "teacher", "--checkpoint-seconds", "0"])
        try waitForCheckpoint(in: program)
        let running = try peek(program, "--answers", "2")
        #expect(running["name"] == "teacher.sft" && running["kind"] == "train.sft")
        #expect(running["state"] == "running" || build.isRunning == false)
        build.interrupt()
        build.waitUntilExit()

        let stopped = try peek(program, "--answers", "2")
        #expect(stopped["state"] == "stopped")
        #expect(stopped["unit"] == "step" && stopped["total"] == 1500)
        let steps = try #require(stopped["checkpoint"]?.integer)
        #expect(steps > 0 && stopped["done"]?.integer == steps)
        // A line for each step, as the artifact will have it.
        let curve = try #require(stopped["curve"]?.array)
        #expect(curve.map { $0["step"]?.integer } == Array(0..<steps))
        #expect(curve.allSatisfy { $0["loss"]?.double != nil })
        #expect((stopped["seconds_each"]?.double ?? 0) > 0 && (stopped["seconds_left"]?.double ?? 0) > 0)
        // The first rows of 'valid', with what is right.
        #expect(stopped["set"] == "valid")
        let answers = try #require(stopped["answers"]?.array)
        #expect(answers.count == 2)
        #expect(answers.allSatisfy { $0["query"]?.string?.isEmpty == false && $0["reference"]?.string?.hasPrefix("[") == true })
        #expect(try peek(program, "--answers", "0")["answers"]?.array?.isEmpty == true)

        let text = try program.run("peek", "tiny.yaml", "teacher.sft", "--answers", "1").output
        #expect(text.contains("teacher.sft (train.sft) does not run now: step \(steps) of 1500"))
        #expect(text.contains("the last checkpoint is of step \(steps)"))
        #expect(text.contains("loss") && text.contains("says") && text.contains("wanted"))
    }

    @Test func whatCannotBeSeenIsSaid() throws {
        let program = try DecantProgram()
        try program.run("build", "tiny.yaml", "data")
        let unknown = try program.run("peek", "tiny.yaml", "nothing", status: 2)
        #expect(unknown.errors.contains("no stage or target 'nothing'"))
        let finished = try program.run("peek", "tiny.yaml", "data", status: 2)
        #expect(finished.errors.contains("data is finished") && finished.errors.contains("show data"))
        let waiting = try program.run("peek", "tiny.yaml", "student.kd", status: 2)
        #expect(waiting.errors.contains("student.kd has not begun: it waits for "))
        let untouched = try program.run("peek", "tiny.yaml", "tokenizer", status: 2)
        #expect(untouched.errors.contains("tokenizer has not begun"))
        #expect(try program.run("peek", "tiny.yaml", "data", "--answers", "-1", status: nil).status != 0)
    }
}
