import BuildModel
import Foundation
import Testing

@testable import Engine
@testable import Kinds
@testable import Stages

/// A stage that was stopped goes on where it was, and gives the bytes of one that never was.
@Suite struct CheckpointTests {
    let workshop: CheckpointWorkshop

    init() throws { workshop = try CheckpointWorkshop() }

    @Test(arguments: CheckpointWorkshop.stages.indices)
    func aStageStoppedAtEveryOpportunityGivesTheSameBytes(index: Int) throws {
        let stage = CheckpointWorkshop.stages[index]
        let whole = try #require(try workshop.whole(stage))
        var attempts: [CheckpointWorkshop.Attempt] = []
        while attempts.last?.outputs == nil {
            try #require(attempts.count < 500)
            let before = attempts.last?.progress.last?.done ?? 0
            attempts.append(try workshop.attempt(stage) { $0.done > before })
        }
        #expect(attempts.last?.outputs == whole)
        #expect(attempts.count > 2)
        // Each attempt began where the one before had stopped, and said so.
        for (before, after) in zip(attempts, attempts.dropFirst()) {
            #expect(after.progress.first?.done == before.progress.last?.done)
            #expect(after.log == ["goes on from a checkpoint: \(before.progress.last?.done ?? 0) done"])
        }
    }

    @Test(arguments: CheckpointWorkshop.stages.indices)
    func checkpointsAloneChangeNothing(index: Int) throws {
        let stage = CheckpointWorkshop.stages[index]
        let attempt = try workshop.attempt(stage)
        #expect(try attempt.outputs == workshop.whole(stage))
        #expect(FileManager.default.fileExists(atPath: workshop.checkpointFile.path))
        // A checkpoint of the end is one like any other: nothing is left to do.
        let again = try workshop.attempt(stage)
        #expect(again.outputs == attempt.outputs)
        #expect(again.progress == attempt.progress.suffix(1))
    }

    @Test func aCheckpointIsWrittenOnlyWhenItIsDueOrTheStageIsStopped() throws {
        let stage = CheckpointWorkshop.training(.adamW)
        _ = try workshop.attempt(stage, interval: .seconds(3600))
        #expect(!FileManager.default.fileExists(atPath: workshop.checkpointFile.path))
        let stopped = try workshop.attempt(stage, interval: .seconds(3600)) { $0.done == 5 }
        #expect(stopped.outputs == nil)
        #expect(stopped.progress.count == 5)
        #expect(FileManager.default.fileExists(atPath: workshop.checkpointFile.path))
        #expect(try workshop.attempt(stage).progress.map(\.done) == Array(5...12))
    }

    @Test func aStopIsWaitedForOnlyWhereThereIsACheckpointToCome() throws {
        let action = try CheckpointWorkshop.action(of: CheckpointWorkshop.training(.adamW))
        let checkpoint = Checkpoint(directory: workshop.checkpointFolder, action: action, interval: .zero) { _ in }
        #expect(checkpoint.requestStop() == nil)
        checkpoint.resume { _ in }
        #expect(checkpoint.requestStop() == 30)
    }

    /// States that are written while the stage goes on.
    @Test(arguments: CheckpointWorkshop.stages.indices)
    func whatIsWrittenBesideTheStageChangesNothing(index: Int) throws {
        let stage = CheckpointWorkshop.stages[index]
        let whole = try workshop.whole(stage)
        let attempt = try workshop.attempt(stage, interval: .nanoseconds(1))
        #expect(attempt.outputs == whole)
        #expect(attempt.log.isEmpty)
        // Whichever state was written last is gone on from.
        let again = try workshop.attempt(stage, interval: .seconds(3600))
        #expect(again.outputs == whole)
        // Where it goes on from is said too.
        #expect(again.progress.count <= attempt.progress.count + 1)
    }

    @Test func aFullDiskCostsTheCheckpointOnly() throws {
        let stage = CheckpointWorkshop.training(.adamW)
        try FileManager.default.createDirectory(at: workshop.checkpointFolder, withIntermediateDirectories: true)
        // The first checkpoint goes to a device that is always full.
        try FileManager.default.createSymbolicLink(
            atPath: workshop.checkpointFolder.appending(path: ".state.partial").path, withDestinationPath: "/dev/full")
        let attempt = try workshop.attempt(stage)
        #expect(attempt.log == ["no checkpoint at 1: No space left on device"])
        #expect(try attempt.outputs == workshop.whole(stage))
        // The others were written, and the link is gone.
        #expect(try FileManager.default.contentsOfDirectory(atPath: workshop.checkpointFolder.path) == ["state"])
    }

    @Test func aPlaceThatIsNoFolderCostsTheCheckpointOnly() throws {
        try Data().write(to: URL(fileURLWithPath: workshop.root.appending(path: "checkpoint").path))
        let stage = CheckpointWorkshop.training(.adamW, steps: 2)
        let attempt = try workshop.attempt(stage)
        #expect(attempt.log.count == 2)
        #expect(attempt.log.allSatisfy { $0.contains("there is no folder for it") })
        #expect(try attempt.outputs == workshop.whole(stage))
    }

    /// Twice a trainer's cost would not be cheap: three numbers a parameter, and a few bytes for each step.
    @Test func aCheckpointHoldsBitsAndNoMore() throws {
        let attempt = try workshop.attempt(CheckpointWorkshop.training(.muon, steps: 30))
        let model = try ModelFolder(workshop.root.appending(path: "inputs/model")).model()
        let size = try Data(contentsOf: workshop.checkpointFile).count
        #expect(attempt.outputs != nil)
        #expect(size < 12 * model.parameterCount + 32 * 30 + 2048)
    }
}
