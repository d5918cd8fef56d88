import Testing

@testable import Engine

struct LearnerStateTests {
    private func trainer(_ optimizer: TrainingOptions.Optimizer, threads: Int, steps: Int = 14) throws -> Trainer {
        let options = TrainingOptions(
            steps: steps, batch: 16, learningRate: 1e-2, optimizer: optimizer, warmup: 0.1, weightDecay: 0.01, seed: 11)
        return try Trainer(
            Model(initializing: try Fixture.configuration(), seed: 1), on: Fixture.examples(40), options: options,
            workers: WorkerPool(threads: threads))
    }

    @Test(
        arguments: [TrainingOptions.Optimizer.adamW, .muon], [(1, 1), (2, 2), (1, 2), (2, 1)])
    func aTrainerThatResumesAnotherStateEndsWithItsBits(
        optimizer: TrainingOptions.Optimizer, threads: (before: Int, after: Int)
    ) throws {
        let whole = try trainer(optimizer, threads: threads.before)
        var losses: [Double] = []
        var states = [whole.learner.state]
        _ = whole.run {
            losses.append($0.loss)
            states.append(whole.learner.state)
        }
        // The second epoch's order begins within step 2: nothing of it is in the state.
        for done in 0...14 {
            let other = try trainer(optimizer, threads: threads.after)
            _ = other.advance()
            try other.learner.restore(states[done])
            #expect(other.learner.state == states[done])
            var further: [Double] = []
            let model = other.run { further.append($0.loss) }
            #expect(further == Array(losses[done...]))
            #expect(model.values.map(\.bitPattern) == whole.model.values.map(\.bitPattern), "after \(done) steps")
        }
    }

    /// What is written beside a training.
    @Test(arguments: [1, 2])
    func aStoredStateHasTheBitsOfItsStepAndKeepsThem(threads: Int) throws {
        let trainer = try trainer(.adamW, threads: threads)
        _ = trainer.advance()
        let (state, stored) = (trainer.learner.state, trainer.learner.storedState)
        _ = trainer.advance()
        #expect(stored["weights"]?.floats() == state.weights)
        #expect(stored["first_moments"]?.floats() == state.firstMoments)
        #expect(stored["second_moments"]?.floats() == state.secondMoments)
        #expect(trainer.learner.state.weights != state.weights)
        #expect(trainer.learner.storedBytes == stored.values.reduce(0) { $0 + $1.bytes.count })
    }

    @Test func aModelIsMadeOfWhatATrainingFound() throws {
        let trainer = try trainer(.adamW, threads: 1)
        _ = trainer.advance()
        let start = Model(initializing: try Fixture.configuration(), seed: 1)
        let model = try start.trained(
            to: trainer.learner.trainedValues, options: trainer.options, workers: .caller)
        #expect(model.values.map(\.bitPattern) == trainer.model.values.map(\.bitPattern))
        #expect(throws: TrainingError.self) { try start.trained(to: [1], options: trainer.options, workers: .caller) }
    }

    @Test func aStateOfAnotherTrainingIsRefusedAndChangesNothing() throws {
        let trainer = try trainer(.muon, threads: 1)
        _ = trainer.advance()
        let state = trainer.learner.state
        let damages: [(inout LearnerState) -> Void] = [
            { $0.step = -1 }, { $0.step = 15 }, { $0.weights.removeLast() }, { $0.firstMoments.append(0) },
            { $0.secondMoments = [] },
        ]
        for damage in damages {
            var other = state
            other.weights = other.weights.map { $0 + 1 }
            damage(&other)
            #expect(throws: TrainingError.self) { try trainer.learner.restore(other) }
            #expect(trainer.learner.state == state)
        }
    }

    @Test func aRunThatItsReporterEndsCanResume() throws {
        struct Enough: Error {}
        let trainer = try trainer(.adamW, threads: 1)
        #expect(throws: Enough.self) {
            try trainer.run { if $0.step == 4 { throw Enough() } }
        }
        #expect(trainer.step == 5)
        var steps: [Int] = []
        _ = trainer.run { steps.append($0.step) }
        #expect(steps == Array(5..<14))
    }
}
