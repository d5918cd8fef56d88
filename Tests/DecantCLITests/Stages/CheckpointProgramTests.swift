import BuildModel
import Foundation
import Stages
import TestSupport
import Testing

@testable import Kinds

/// `decant stage run` is killed, asked to end, and run again.
@Suite(.serialized) struct CheckpointProgramTests {
    private func training(steps: Int) throws -> StageWorkspaceProgram {
        let parameters = TrainingParameters(
            steps: steps, batch: 16, learningRate: 0.005, optimizer: .muon, warmup: 0.1, weightDecay: 0, seed: 1)
        let workspace = try StageWorkspaceProgram(TrainSFT(training: parameters, prompt: .query))
        for (name, file) in [("functions", "functions"), ("templates", "utterances")] {
            try workspace.addInput(name, file: Checkout.file("Tests/Fixtures/tiny/\(file).yaml"))
        }
        try workspace.addInput(
            "rows", of: DataGenerate(count: 300, seed: 3, heldOutTemplates: 0, heldOutValues: 0))
        let inputs = workspace.folder.appending(path: "inputs")
        try FileManager.default.moveItem(at: inputs.appending(path: "rows"), to: inputs.appending(path: "data"))
        try FileManager.default.moveItem(
            at: inputs.appending(path: "data/rows.jsonl"), to: inputs.appending(path: "data/train.jsonl"))
        try workspace.addInput("tokenizer", of: TokenizerTrain(vocabulary: 300, prompt: .query))
        try workspace.addInput(
            "model",
            of: ModelInit(
                shape: ModelShape(hidden: 32, layers: 2, heads: 4, kvHeads: 2, intermediate: 64, tied: true), seed: 2))
        return workspace
    }

    @Test func killedAtAnyMomentTheNextRunEndsWithTheSameBytes() throws {
        let steps = 60
        let workspace = try training(steps: steps)
        let whole = try workspace.start().end()
        #expect(whole.status == 0)
        #expect(whole.progress.map(\.done) == Array(1...steps))
        let digest = try workspace.outputDigest()

        var moments = TestRandom(seed: 7)
        var (trial, resumed) = (0, 0)
        // On a busy machine some runs end before they are killed: then there are more.
        while trial < 20 || resumed < 10 && trial < 200 {
            defer { trial += 1 }
            workspace.forgetCheckpoint()
            // Every other run is killed a second time, on its way from the first checkpoint.
            for _ in 0...trial % 2 {
                let killed = try workspace.start()
                // Before the first step, between any two, while the outputs are written; each step takes some milliseconds.
                for _ in 0..<moments.next(below: steps + 1) { _ = killed.nextProgress() }
                usleep(UInt32(moments.next(below: 12_000)))
                killed.send(SIGKILL)
                _ = killed.end()
            }
            let done = try workspace.checkpointedSteps()
            let next = try workspace.start().end()
            #expect(next.status == 0, "trial \(trial)")
            #expect(try workspace.outputDigest() == digest, "trial \(trial)")
            let first = try #require(next.progress.first?.done)
            #expect(next.progress.map(\.done) == Array(first...steps), "trial \(trial)")
            // A whole checkpoint is always there once the first was, whatever the kill broke off, and is gone on from.
            #expect(first == max(1, done), "trial \(trial)")
            if first > 1 && first < steps { resumed += 1 }
        }
        #expect(resumed >= 10, "of \(trial) killed runs, \(resumed) were gone on with")
    }

    @Test func askedToEndItLeavesACheckpointAndSaysSo() throws {
        let workspace = try training(steps: 100_000)
        var (last, prompt) = (0, 0)
        // A machine that is busy with other programs may be too slow for a checkpoint in time, though hardly each time.
        for _ in 0..<12 where prompt < 3 {
            let attempt = try workspace.start(checkpointSeconds: 3600)
            let first = try #require(attempt.nextProgress())
            if last > 0 { #expect(first.done == last) }
            let asked = ContinuousClock.now
            attempt.send(SIGTERM)
            let ending = attempt.end()
            let time = ContinuousClock.now - asked
            #expect(ending.status == StageExit.interrupted)
            // It says how long it may take, unless it has ended before it could.
            #expect(ending.progress.compactMap(\.stopsWithin).allSatisfy { $0 == 30 })
            last = try workspace.checkpointedSteps()
            if time < .seconds(1.5), last == ending.progress.last?.done ?? first.done { prompt += 1 }
        }
        #expect(prompt == 3)
        #expect(last > 2)
    }

    @Test func aStageWithoutCheckpointsEndsAtOnce() throws {
        let times = try (0..<5).map { _ -> Duration in
            let workspace = try StageWorkspaceProgram(
                Exec(
                    command: ["sh", "-c", "echo > outputs/started; exec sleep 300"], environment: [:], outputs: ["started"],
                    timeLimit: 600, memory: 0))
            let attempt = try workspace.start()
            let started = workspace.folder.appending(path: "exec/work/outputs/started").path
            for _ in 0..<2400 where !FileManager.default.fileExists(atPath: started) { usleep(50_000) }
            let asked = ContinuousClock.now
            attempt.send(SIGTERM)
            #expect(attempt.end().status == StageExit.interrupted)
            return ContinuousClock.now - asked
        }
        // Other programs may hold one of them up.
        #expect(try #require(times.min()) < .seconds(1))
    }

    @Test func theIntervalIsChecked() throws {
        let workspace = try StageWorkspaceProgram(Report(rows: [], metrics: [], sets: []))
        for seconds in [-1, .nan, .infinity] {
            #expect(try workspace.start(checkpointSeconds: seconds).end().status == 2, "\(seconds)")
        }
    }
}
