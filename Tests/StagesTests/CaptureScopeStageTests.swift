import Foundation
import Testing
import Words

@testable import Engine
@testable import Kinds
@testable import Stages

/// A student's bytes do not depend on when its teacher's logits are captured, nor of which rows.
@Suite struct CaptureScopeStageTests {
    let workshop: CheckpointWorkshop

    init() throws { workshop = try CheckpointWorkshop() }

    private static let loss = [LossTerm(.forwardKL, weight: 0.5), LossTerm(.crossEntropy, weight: 0.5)]

    private func training(steps: Int, maxLength: Int? = nil) -> TrainingParameters {
        var training = CheckpointWorkshop.training(.adamW, steps: steps).training
        training.maxLength = maxLength
        return training
    }

    /// Of 150 rows; 12 steps of 4 rows read some, 50 steps begin a second epoch.
    @Test(arguments: [12, 50], [0, 0.25])
    func aTeacherThatReadsAlongGivesTheBytesOfACapture(steps: Int, promptShare: Double) throws {
        let training = training(steps: steps)
        try workshop.keep(KDCapture(k: 5, prompt: .query, wholeSequence: promptShare > 0), as: "logits")
        let captured = try workshop.whole(KDTrain(loss: Self.loss, promptShare: promptShare, training: training))
        let direct = try workshop.whole(KDDirect(loss: Self.loss, k: 5, promptShare: promptShare, training: training))
        #expect(captured != nil && captured == direct)
    }

    @Test(arguments: [nil, 24] as [Int?])
    func aCaptureOfTheRowsThatAreUsedGivesTheBytesOfOneOfAll(maxLength: Int?) throws {
        let training = training(steps: 12, maxLength: maxLength)
        let student = KDTrain(loss: Self.loss, training: training)
        let all = try workshop.whole(student)
        try workshop.keep(
            KDCapture(k: 5, prompt: .query, rows: 48, seed: training.seed, maxLength: maxLength), as: "logits")
        let logits = try CapturedLogits(
            SafeTensors(reading: workshop.root.appending(path: "inputs/logits/\(KDCapture.logits.name)")))
        #expect(logits.examples.count == 150)
        #expect(logits.examples.count { $0.teacher != nil } == 48)
        #expect(try workshop.whole(student) == all)
    }

    /// A training that reads other rows than were captured says so.
    @Test func rowsThatWereNotCapturedAreNamed() throws {
        try workshop.keep(KDCapture(k: 5, prompt: .query, rows: 8, seed: 3), as: "logits")
        #expect(throws: TrainingError.self) {
            try workshop.whole(KDTrain(loss: Self.loss, training: training(steps: 12)))
        }
    }

    @Test func theRowsOfATrainingAreThoseOfItsOrder() {
        var order = EpochOrder(count: 20, seed: 7)
        let read = (0..<3).flatMap { order.batch($0, size: 4) }
        let examples = (0..<20).map { TrainingExample(tokens: [Int32($0), 1, 2], promptLength: 1) }
        func places(steps: Int, batch: Int) -> [Int] {
            EpochOrder.places(
                readBy: TrainingOptions(steps: steps, batch: batch, learningRate: 1, seed: 7), of: examples)
        }
        #expect(places(steps: 3, batch: 4) == read.sorted())
        #expect(places(steps: 5, batch: 4) == Array(0..<20))
        #expect(places(steps: 1000, batch: 4) == Array(0..<20))
        #expect(places(steps: 0, batch: 4) == [])
    }
}
