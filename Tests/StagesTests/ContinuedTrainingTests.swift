import BuildModel
import Declarations
import Foundation
import Testing
import Words

@testable import Engine
@testable import Kinds
@testable import Stages

/// A training that is cut into stages has the bytes of one that is not.
@Suite struct ContinuedTrainingTests {
    typealias Training = RunnableStage & TrainingKind

    let workshop: CheckpointWorkshop

    init() throws { workshop = try CheckpointWorkshop() }

    /// Of every kind that trains a language model, in twelve steps.
    static let stages: [any Training] = CheckpointWorkshop.stages.compactMap { $0 as? any Training }

    private static func scheduled(_ stage: any Training, _ schedule: LearningRateSchedule) -> any Training {
        var stage = stage
        stage.training.schedule = schedule
        stage.training.decay = schedule == .wsd ? 0.25 : nil
        stage.training.warmup = 0
        stage.training.warmupSteps = 2
        return stage
    }

    private static func trunk(of stage: any Training, _ end: Int) -> any Training {
        var trunk = stage
        trunk.training.becomeTrunk(of: end, cut: Spanned(wrappedValue: 4))
        trunk.training.settle()
        return trunk
    }

    private static func rest(of stage: any Training, from end: Int) -> any Training {
        var rest = stage
        rest.training.goOn(from: end, cut: Spanned(wrappedValue: 4))
        return rest
    }

    /// Runs a trunk, and leaves its state where the next stage finds it.
    private func keepState(of trunk: any Training) throws {
        try workshop.keep(trunk, as: "state")
        // Another folder of inputs, for some kinds; it is made anew.
        try? FileManager.default.removeItem(at: workshop.root.appending(path: "capture"))
    }

    /// The last stage, with the state of the stages before it at hand.
    private func lastPart(of whole: any Training) throws -> any Training {
        var rest = whole
        for end in whole.training.cuts(every: 4) {
            try keepState(of: Self.trunk(of: rest, end))
            rest = Self.rest(of: whole, from: end)
        }
        return rest
    }

    @Test func everyKindIsAmongThem() {
        #expect(
            Set(Self.stages.map { type(of: $0).name })
                == ["train.sft", "kd.train", "kd.direct", "kd.on-policy", "dpo.train", "rl.train"])
    }

    @Test(arguments: stages.indices, [LearningRateSchedule.constant, .wsd])
    func aTrainingInPartsHasTheBytesOfOneThatWasNotCut(index: Int, schedule: LearningRateSchedule) throws {
        let whole = Self.scheduled(Self.stages[index], schedule)
        #expect(whole.training.cuts(every: 4) == (schedule == .wsd ? [4, 8] : [4, 8, 12]))
        let expected = try #require(try workshop.whole(whole))
        #expect(try workshop.whole(lastPart(of: whole)) == expected)
    }

    /// A look that comes because a training ends is none of a longer one.
    @Test(arguments: [LearningRateSchedule.constant, .wsd], [1, nil] as [Int?])
    func looksAtTheEndOfAPartChangeNothing(schedule: LearningRateSchedule, patience: Int?) throws {
        var stage: any Training = CheckpointWorkshop.validated(patience: patience)
        stage.training.validation?.every = 5
        let whole = Self.scheduled(stage, schedule)
        let expected = try #require(try workshop.whole(whole))
        #expect(try workshop.whole(lastPart(of: whole)) == expected)
    }

    @Test func aPartThatWasStoppedGivesTheSameBytes() throws {
        let whole = Self.scheduled(CheckpointWorkshop.training(.muon), .wsd)
        let expected = try #require(try workshop.whole(whole))
        let first = Self.trunk(of: whole, 4)
        let state = try #require(try workshop.whole(first))
        let stoppedTrunk = try workshop.attempt(first) { $0.done == 2 }
        #expect(stoppedTrunk.outputs == nil)
        #expect(try workshop.attempt(first).outputs == state)
        try workshop.forgetCheckpoint()
        let rest = try lastPart(of: whole)
        let stopped = try workshop.attempt(rest) { $0.done == 10 }
        #expect(stopped.outputs == nil && stopped.progress.map(\.done) == [8, 9, 10])
        let again = try workshop.attempt(rest)
        #expect(again.outputs == expected && again.progress.map(\.done) == [10, 11, 12])
    }

    @Test func aTrunkIsItsStateAlone() throws {
        _ = try workshop.whole(Self.trunk(of: Self.scheduled(CheckpointWorkshop.training(.adamW), .constant), 4))
        let outputs = workshop.root.appending(path: "outputs")
        #expect(try FileManager.default.contentsOfDirectory(atPath: outputs.path) == [TrainingState.file])
        let state = try SafeTensors(reading: outputs.appending(path: TrainingState.file))
        let lines = try TrainingCurve(state).lines
        #expect(lines.compactMap { $0["learning_rate"]?.double } == [0.005, 0.01, 0.01, 0.01])
    }

    // MARK: States of other trainings

    private func isRefused(_ stage: any Training, saying words: String) {
        #expect {
            _ = try workshop.whole(stage)
        } throws: {
            "\($0)".contains(words)
        }
    }

    @Test func aStateOfOtherRatesIsRefusedWithTheFirstStepThatDiffers() throws {
        let constant = Self.scheduled(CheckpointWorkshop.training(.adamW), .constant)
        try keepState(of: Self.trunk(of: constant, 8))
        let cosine = Self.scheduled(constant, .cosine)
        isRefused(Self.rest(of: cosine, from: 8), saying: "had the learning rate 0.01 at step 4")
        var early = Self.scheduled(constant, .wsd)
        early.training.decay = 0.5
        isRefused(Self.rest(of: early, from: 8), saying: "at step 7")
        isRefused(Self.rest(of: constant, from: 4), saying: "has done 8 steps")
    }

    @Test func aStateAndItsStepGoTogether() throws {
        let whole = Self.scheduled(CheckpointWorkshop.training(.adamW), .constant)
        isRefused(Self.rest(of: whole, from: 4), saying: "give both, or neither")
        try keepState(of: Self.trunk(of: whole, 4))
        isRefused(whole, saying: "give both, or neither")
    }

    @Test func aStateOfAnotherModelIsRefused() throws {
        let whole = Self.scheduled(CheckpointWorkshop.training(.adamW), .constant)
        try keepState(of: Self.trunk(of: whole, 4))
        try workshop.keep(
            ModelInit(shape: ModelShape(hidden: 8, layers: 1, heads: 2, kvHeads: 1, intermediate: 8, tied: true), seed: 1),
            as: "model")
        isRefused(Self.rest(of: whole, from: 4), saying: "the state is of another training")
    }
}
