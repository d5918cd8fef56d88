import Testing

@testable import Engine

/// Trainers whose rows or losses depend on the student as it is.
struct StrategyTrainerTests {
    private static let end = Int32(36)

    private func onPolicy(
        _ loss: TransferLoss, fraction: Double = 1, tokens: Int = 9, steps: Int = 8, threads: Int = 2, limit: Int? = nil
    ) throws -> (weights: ModelWeights, curve: [TrainingStep]) {
        let trainer = try OnPolicyTrainer(
            Model(initializing: Fixture.configuration(layers: 1), seed: 1), teacher: InferenceModel(Fixture.model(scale: 0.2)),
            on: Fixture.examples(20), loss: loss,
            sampling: .init(fraction: fraction, maximumTokens: tokens, temperature: 0.9, endTokens: [Self.end]),
            options: TrainingOptions(steps: steps, batch: 10, learningRate: 1e-2, seed: 5),
            workers: WorkerPool(threads: threads))
        var curve: [TrainingStep] = []
        for _ in 0..<(limit ?? steps) { curve.append(try trainer.advance()) }
        return (trainer.learner.model.values, curve)
    }

    @Test(
        arguments: [
            TransferLoss([.init(.forwardKL, weight: 1)]), TransferLoss([.init(.reverseKL, weight: 1)], temperature: 2),
        ])
    func theStudentComesCloserToItsTeacherOnItsOwnAnswers(loss: TransferLoss) throws {
        let curve = try onPolicy(loss, steps: 40).curve
        #expect(try #require(curve.last).loss < 0.8 * curve[0].loss)
    }

    @Test(
        arguments: [
            TransferLoss([.init(.adaptiveKL, weight: 0.5, argument: 0.5), .init(.crossEntropy, weight: 0.5)]),
            TransferLoss([.init(.jensenShannon, weight: 1, argument: 0.5)], promptShare: 0.1),
        ])
    func bytesAreEqualAt1And2Threads(loss: TransferLoss) throws {
        let (one, two) = (try onPolicy(loss, fraction: 0.5, threads: 1), try onPolicy(loss, fraction: 0.5, threads: 2))
        #expect(one.weights == two.weights)
        #expect(one.curve == two.curve)
    }

    @Test func theStudentAnswersAnExactFractionOfTheRows() throws {
        let loss = TransferLoss([.init(.forwardKL, weight: 1)])
        // A tenth of ten rows at every step, a twentieth at every other, none at all.
        #expect(try onPolicy(loss, fraction: 0.1, steps: 4).curve.allSatisfy { $0.readings["response_length"] != nil })
        let half = try onPolicy(loss, fraction: 0.05, steps: 4).curve
        #expect(half.map { $0.readings.isEmpty } == [true, false, true, false])
        #expect(try onPolicy(loss, fraction: 0, steps: 4).curve.allSatisfy(\.readings.isEmpty))
    }

    @Test func anAnswerWithoutAnEndIsLearnedWithoutOne() throws {
        // A model of zeros answers with any token: three of them hardly ever end.
        let step = try #require(try onPolicy(TransferLoss([.init(.forwardKL, weight: 1)]), tokens: 1, steps: 1).curve.first)
        let unfinished = try #require(step.readings["unfinished"])
        // One token each: an answer, or the end.
        #expect(step.readings["response_length"] == 1)
        #expect(unfinished > 0.5)
    }

    @Test func aTeacherOfMoreTokensOrTooShortAContextIsRefused() throws {
        func train(_ teacher: Model, tokens: Int = 4) throws {
            _ = try OnPolicyTrainer(
                Model(zeros: Fixture.configuration()), teacher: InferenceModel(teacher), on: Fixture.examples(3),
                loss: TransferLoss([.init(.forwardKL, weight: 1)]),
                sampling: .init(fraction: 1, maximumTokens: tokens, temperature: 1, endTokens: [Self.end]),
                options: TrainingOptions(steps: 1, batch: 2, learningRate: 1e-3, seed: 1), workers: WorkerPool(threads: 1))
        }
        func teacher(vocabulary: Int, positions: Int) throws -> Model {
            Model(
                zeros: try ModelConfiguration(
                    vocabularySize: vocabulary, hiddenSize: 8, layerCount: 1, headCount: 2, keyValueHeadCount: 1,
                    intermediateSize: 8, maximumPositions: positions))
        }
        #expect(throws: TrainingError.self) { try train(teacher(vocabulary: 38, positions: 64)) }
        #expect(throws: TrainingError.self) { try train(teacher(vocabulary: 37, positions: 4)) }
        #expect(throws: TrainingError.self) { try train(teacher(vocabulary: 37, positions: 64), tokens: 0) }
        try train(teacher(vocabulary: 37, positions: 64))
    }

    /// The right answer repeats the prompt, the wrong one turns it around.
    private static var pairs: [PreferencePair] {
        Fixture.examples(24).compactMap { example in
            let prompt = example.tokens[..<example.promptLength]
            let wrong = TrainingExample(tokens: prompt + prompt.reversed() + [end], promptLength: prompt.count)
            return wrong == example ? nil : PreferencePair(accepted: example, rejected: wrong)
        }
    }

    private func preference(threads: Int) throws -> (weights: ModelWeights, curve: [TrainingStep]) {
        let trainer = try PreferenceTrainer(
            Model(initializing: Fixture.configuration(), seed: 1), on: Self.pairs, beta: 0.5,
            options: TrainingOptions(steps: 40, batch: 8, learningRate: 1e-2, optimizer: .adamW, seed: 5),
            workers: WorkerPool(threads: threads))
        var curve: [TrainingStep] = []
        for _ in 0..<40 { curve.append(trainer.advance()) }
        return (trainer.learner.model.values, curve)
    }

    @Test func preferencesAreLearnedFromLn2WithEqualBytesAt1And2Threads() throws {
        let (one, two) = (try preference(threads: 1), try preference(threads: 2))
        #expect(one.weights == two.weights)
        #expect(one.curve == two.curve)
        // The policy is its own reference before the first step.
        #expect(abs(one.curve[0].loss - 0.6931471805599453) < 1e-9)
        #expect(one.curve[0].readings == ["margin": 0, "accuracy": 0])
        let last = try #require(one.curve.last)
        #expect(last.loss < 0.3)
        #expect(try #require(last.readings["accuracy"]) > 0.8)
        #expect(try #require(last.readings["margin"]) > 1)
    }

    @Test func withoutPairsThereIsNothingToLearn() {
        #expect(throws: TrainingError.self) {
            try PreferenceTrainer(
                Model(zeros: Fixture.configuration()), on: [], beta: 0.1,
                options: TrainingOptions(steps: 1, batch: 1, learningRate: 1e-3, seed: 1), workers: WorkerPool(threads: 1))
        }
    }
}
