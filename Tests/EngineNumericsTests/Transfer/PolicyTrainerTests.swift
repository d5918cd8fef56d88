import Testing

@testable import Engine

/// A task whose best policy is known: one answer of one token is right, whatever the prompt.
struct PolicyTrainerTests {
    private static let end: Int32 = 7
    private static let prompts: [[Int32]] = (0..<4).map { [$0, Int32(6)] }

    private static func isRight(_ prompt: Int, _ answer: GeneratedSequence) -> Bool { answer.tokens == [3] }

    private static func model() throws -> Model {
        let configuration = try ModelConfiguration(
            vocabularySize: 8, hiddenSize: 16, layerCount: 1, headCount: 2, keyValueHeadCount: 1, intermediateSize: 24,
            maximumPositions: 8, tiesEmbeddings: true, family: .llama)
        return Model(initializing: configuration, seed: 1)
    }

    private func trainer(
        steps: Int = 150, threads: Int = 2, options: PolicyOptions = PolicyOptions(rollouts: 16, tokens: 2, kl: 0.001),
        reward: @escaping (Int, GeneratedSequence) -> Reward = {
            Reward(isRight($0, $1) ? 1 : -1, isWellFormed: true, isRight: isRight($0, $1))
        }
    ) throws -> PolicyTrainer {
        let training = TrainingOptions(
            steps: steps, batch: 4, learningRate: 0.03, optimizer: .adamW, warmup: 0.05, weightDecay: 0, seed: 11)
        return try PolicyTrainer(
            Self.model(), prompts: Self.prompts, endToken: Self.end, options: options, training: training,
            workers: WorkerPool(threads: threads), reward: reward)
    }

    private func run(_ trainer: PolicyTrainer, steps: Int = 150) throws -> [[String: Double]] {
        try (0..<steps).map { _ in try trainer.advance().readings }
    }

    private func mean(_ name: String, _ curve: some Sequence<[String: Double]>) -> Double {
        let values = curve.compactMap { $0[name] }
        return values.reduce(0, +) / Double(max(1, values.count))
    }

    @Test func theMeanRewardRisesToTheBestPolicyAndFallsWithTheOppositeSign() throws {
        let curve = try run(trainer())
        #expect(mean("right", curve.prefix(5)) < 0.2)
        #expect(mean("right", curve.suffix(10)) >= 0.95)
        #expect(mean("reward", curve.suffix(10)) >= 0.95)
        #expect(mean("entropy", curve.suffix(10)) < 0.3 * mean("entropy", curve.prefix(5)))
        let opposite = try run(
            trainer { Reward(Self.isRight($0, $1) ? -1 : 1, isWellFormed: true, isRight: Self.isRight($0, $1)) })
        #expect(mean("right", opposite.suffix(10)) < 0.05)
    }

    @Test func bytesAreEqualAtAnyThreadCountAndFromAnyStep() throws {
        let alone = try trainer(threads: 1)
        var states = [alone.learner.state]
        var curve: [TrainingStep] = []
        for _ in 0..<12 {
            curve.append(try alone.advance())
            states.append(alone.learner.state)
        }
        for done in [0, 5, 11] {
            let other = try trainer(threads: 2)
            _ = try other.advance()
            try other.learner.restore(states[done])
            for step in done..<12 { #expect(try other.advance() == curve[step]) }
            #expect(other.learner.state == states[12])
        }
    }

    @Test func answersOfEqualRewardChangeNothingAndAreCounted() throws {
        let trainer = try trainer { _, _ in Reward(2, isWellFormed: true, isRight: true) }
        // All that ends is worth 2, and what does not end is malformed: one token is room for nothing but an end.
        let before = trainer.learner.state
        let equal = try self.trainer(options: PolicyOptions(rollouts: 4, tokens: 1)) { _, _ in .malformed }
        let step = try equal.advance()
        #expect(step.readings["skipped_groups"] == 1)
        #expect(step.readings["kl"] == nil && step.tokens == 0)
        var after = before
        after.step = 1
        #expect(equal.learner.state == after)
        let spread = try trainer.advance()
        #expect(spread.readings["skipped_groups"] ?? 1 < 1)
        #expect(trainer.learner.state.weights != before.weights)
    }

    @Test func anAnswerWithoutAnEndIsMalformedAndItsTokensTeachNothing() throws {
        let trainer = try trainer { _, _ in Reward(2, isWellFormed: true, isRight: true) }
        let step = try trainer.advance()
        let ended = try #require(step.readings["ended"])
        #expect(ended > 0 && ended < 1)
        #expect(step.readings["well_formed"] == ended && step.readings["right"] == ended)
        #expect(abs((step.readings["reward"] ?? 0) - (3 * ended - 1)) < 1e-12)
        let limit = GeneratedSequence(tokens: [1, 2], end: .limit, choiceLogProbabilities: [-1, -2])
        #expect(Rollout(prompt: [0], answer: limit, reward: .malformed).example(endToken: 7, advantage: 1) == nil)
        let whole = GeneratedSequence(tokens: [1], end: .stopToken, choiceLogProbabilities: [-1, -2])
        let example = Rollout(prompt: [0], answer: whole, reward: .malformed).example(endToken: 7, advantage: 1)
        #expect(example?.tokens == [0, 1, 7] && example?.rollout?.logProbabilities == [-1, -2])
    }

    /// `logProbabilities` are those at temperature 1; what the loss needs are those that the tokens were drawn with.
    @Test(arguments: [1, 0.7, 1.6])
    func trainingReadsWhatGenerationRecords(temperature: Double) throws {
        let model = InferenceModel(try Fixture.model(scale: 0.4))
        let options = GenerationOptions(
            maximumTokens: 20, stopTokens: [36], temperature: temperature, samples: 32, seed: 3, recordsLogProbabilities: true)
        let workers = WorkerPool(threads: 2)
        let answers = try Generator(model, workers: workers).generate([GenerationPrompt([1, 2, 3])], options: options)
        let rollouts = answers.map { Rollout(prompt: [1, 2, 3], answer: $0, reward: .malformed) }
        let examples = rollouts.compactMap { $0.example(endToken: 36, advantage: 1) }
        try #require(examples.count > 2)
        let scores = model.decoder(positions: 64, workers: workers)
            .tokenLogProbabilities(examples, temperature: temperature).map { $0.map(Float.init) }
        for (example, scores) in zip(examples, scores) {
            let recorded = try #require(example.rollout).logProbabilities
            #expect(recorded.count == scores.count)
            #expect(zip(recorded, scores).allSatisfy { abs($0 - $1) < 1e-4 * max(1, abs($1)) })
        }
        let untempered = answers.contains { answer in
            zip(answer.logProbabilities, answer.choiceLogProbabilities).contains { abs($0 - $1) > 1e-2 }
        }
        #expect(untempered == (temperature != 1))
    }

    @Test func theClipActsFromTheSecondUpdateOfAStep() throws {
        func weights(updates: Int, clip: Double) throws -> [Float] {
            let trainer = try trainer(options: PolicyOptions(rollouts: 16, tokens: 2, clip: clip, updates: updates))
            _ = try run(trainer, steps: 6)
            return trainer.learner.state.weights
        }
        let once = try weights(updates: 1, clip: 0.2)
        #expect(try weights(updates: 1, clip: 0.01) == once)
        let often = try weights(updates: 3, clip: 0.2)
        #expect(often != once)
        #expect(try weights(updates: 3, clip: 0.01) != often)
    }

    @Test func theDivergenceWeightHoldsThePolicyNearTheFirstOne() throws {
        func distance(kl: Double) throws -> Double {
            let curve = try run(trainer(options: PolicyOptions(rollouts: 16, tokens: 2, kl: kl)), steps: 25)
            return mean("kl", curve.suffix(10))
        }
        let (loose, held) = (try distance(kl: 0.001), try distance(kl: 2))
        #expect(held < 0.5 * loose)
        #expect(try run(trainer(options: PolicyOptions(rollouts: 4, tokens: 2, kl: 0)), steps: 2)[1]["kl"] == nil)
    }

    @Test func optionsAndPromptsThatMakeNoSenseAreRefused() throws {
        for options in [
            PolicyOptions(rollouts: 1, tokens: 2), PolicyOptions(rollouts: 2, tokens: 0),
            PolicyOptions(rollouts: 2, tokens: 2, updates: 0), PolicyOptions(rollouts: 2, tokens: 2, temperature: 0),
        ] {
            #expect(throws: TrainingError.self) { try trainer(options: options) }
        }
        let training = TrainingOptions(steps: 1, batch: 1, learningRate: 0.1, seed: 1)
        for prompts in [[], [[]], [[0, 1, 2, 3, 4, 5, 6, 0]]] as [[[Int32]]] {
            #expect(throws: TrainingError.self) {
                try PolicyTrainer(
                    Self.model(), prompts: prompts, endToken: 7, options: PolicyOptions(rollouts: 2, tokens: 2),
                    training: training, workers: .caller
                ) { _, _ in .malformed }
            }
        }
    }
}

extension PolicyTrainer {
    /// Rewards one answer after the other.
    ///
    /// - Parameter reward: the reward of an answer that ended to the prompt of this index.
    convenience init(
        _ model: Model, prompts: [[Int32]], endToken: Int32, options: PolicyOptions, training: TrainingOptions,
        workers: WorkerPool, reward: @escaping (Int, GeneratedSequence) -> Reward
    ) throws(TrainingError) {
        try self.init(
            model, prompts: prompts, endToken: endToken, options: options, training: training, workers: workers,
            rewards: { $0.map { $0.answer.isFinished ? reward($0.prompt, $0.answer) : .malformed } })
    }
}
