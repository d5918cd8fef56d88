import Foundation
import Testing
import Words

@testable import Engine

/// The learning rate of every step, and trainings that go on from shorter ones.
@Suite struct LearningRateTests {
    private func options(
        _ schedule: LearningRateSchedule, steps: Int, warmupSteps: Int = 5, decay: Double = 0.2
    ) -> TrainingOptions {
        var options = TrainingOptions(
            steps: steps, batch: 16, learningRate: 0.02, optimizer: .muon, warmup: 0, weightDecay: 0.01, seed: 11)
        (options.schedule, options.decay, options.warmupSteps) = (schedule, decay, warmupSteps)
        return options
    }

    private func rates(_ options: TrainingOptions) -> [Double] { (0..<options.steps).map(options.learningRate(atStep:)) }

    @Test func eachStepHasTheRateOfItsFormula() {
        func check(_ schedule: LearningRateSchedule, _ share: (Int) -> Double) {
            for (step, rate) in rates(options(schedule, steps: 50)).enumerated() {
                let expected: Double = step < 5 ? Double(step + 1) / 5 : share(step)
                #expect(abs(rate / 0.02 - expected) < 1e-12, "\(schedule), step \(step)")
            }
        }
        check(.cosine) { step in 0.1 + 0.45 * (1 + Foundation.cos(Double.pi * Double(step - 5) / 44)) }
        check(.constant) { _ in 1 }
        check(.wsd) { step in step < 40 ? 1 : 1 - 0.9 * (Double(step - 39) / 10).squareRoot() }
        #expect(abs(options(.wsd, steps: 50).learningRate(atStep: 49) - 0.002) < 1e-15)
    }

    /// Up to where the rate begins to fall, a longer training has the same bits.
    @Test func aLongerTrainingBeginsAlikeAsFarAsItIsStable() {
        let long = rates(options(.constant, steps: 500))
        for (schedule, stable) in [(LearningRateSchedule.constant, 200), (.wsd, 160), (.cosine, 0)] {
            let short = options(schedule, steps: 200)
            #expect(schedule.stableSteps(of: 200, decay: 0.2) == stable)
            #expect(Array(rates(short).prefix(stable)) == Array(long.prefix(stable)))
            if stable < 200 { #expect(rates(short)[max(stable, 6)] < 0.02) }
        }
    }

    @Test func theRateFallsForOneStepAtLeastAndAfterWarmUp() {
        #expect(LearningRateSchedule.wsd.stableSteps(of: 4, decay: 0.01) == 3)
        #expect(LearningRateSchedule.wsd.stableSteps(of: 1, decay: 1) == 0)
        let all = rates(options(.wsd, steps: 10, decay: 1))
        #expect(abs(all[4] - 0.02) < 1e-15 && all[5] < 0.019 && abs(all[9] - 0.002) < 1e-15)
    }

    @Test func aShareOfDecayIsAShare() {
        #expect(throws: TrainingError.self) { try options(.wsd, steps: 2, decay: 1.5).check() }
        #expect(throws: TrainingError.self) { try options(.wsd, steps: 2, decay: .nan).check() }
    }

    /// A state of a constant rate is that of every schedule that has not begun to fall.
    @Test(arguments: [LearningRateSchedule.constant, .wsd], [(1, 2), (2, 1), (2, 2)])
    func aTrainingThatGoesOnEndsWithTheBitsOfOneThatWasNotCut(
        schedule: LearningRateSchedule, threads: (before: Int, after: Int)
    ) throws {
        func trainer(_ options: TrainingOptions, threads: Int) throws -> Trainer {
            try Trainer(
                Model(initializing: try Fixture.configuration(), seed: 1), on: Fixture.examples(40), options: options,
                workers: WorkerPool(threads: threads))
        }
        let whole = try trainer(options(schedule, steps: 14, warmupSteps: 2), threads: threads.before)
        let model = try whole.run()
        let trunk = try trainer(options(.constant, steps: 6, warmupSteps: 2), threads: threads.before)
        _ = try trunk.run()
        let rest = try trainer(options(schedule, steps: 14, warmupSteps: 2), threads: threads.after)
        try rest.learner.restore(trunk.learner.state)
        let continued = try rest.run()
        #expect(continued.values.map(\.bitPattern) == model.values.map(\.bitPattern))
    }
}
