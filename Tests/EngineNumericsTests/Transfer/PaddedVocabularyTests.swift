import Testing
import Words

@testable import Engine

/// Embeddings with more rows than the tokenizer has tokens: whatever stands in the rows beyond, answers and distillation are
/// those of the model without them.
struct PaddedVocabularyTests {
    private static let tokens = 37
    private static let end = Int32(36)

    /// The model with eight more rows that are larger than all others, of which its tokenizer knows nothing.
    private static func padded(_ model: Model) throws -> Model {
        var configuration = model.configuration
        configuration.vocabularySize += 8
        var padded = Model(zeros: configuration)
        for (parameter, original) in zip(padded.parameters, model.parameters) {
            let rest = randomFloats(parameter.count - original.count, seed: 9, scale: 3)
            try padded.setWeights(model.weights(of: original) + rest, of: parameter)
        }
        return padded.over(tokens: tokens)
    }

    private static func student(tied: Bool = true) throws -> Model { try Fixture.model(tied: tied, layers: 1) }
    private static func teacher() throws -> InferenceModel { InferenceModel(try Fixture.model(scale: 0.2)) }
    private static func paddedTeacher() throws -> InferenceModel {
        InferenceModel(try padded(Fixture.model(scale: 0.2)))
    }

    @Test(arguments: [0, 1.3])
    func noAnswerHasATokenOfThePadding(temperature: Double) throws {
        let options = GenerationOptions(
            maximumTokens: 12, stopTokens: [Self.end], temperature: temperature, samples: 3, seed: 4,
            recordsLogProbabilities: true)
        let workers = WorkerPool(threads: 2)
        let prompts = Fixture.examples(6).map { Array($0.tokens[..<$0.promptLength]) }
        let padded = try Self.padded(Self.student())
        let found = try InferenceModel(padded).generate(prompts, options: options, workers: workers)
        let expected = try InferenceModel(Self.student()).generate(prompts, options: options, workers: workers)
        #expect(found == expected)
        // The padding is there: over all rows it is in every answer.
        let all = try InferenceModel(padded.over(tokens: 45)).generate(prompts, options: options, workers: workers)
        #expect(all.contains { $0.tokens.contains { $0 >= Self.tokens } })
    }

    @Test(arguments: [8, 1000])
    func noCaptureHasATokenOfThePadding(k: Int) throws {
        let workers = WorkerPool(threads: 2)
        let examples = Fixture.examples(6)
        let found = try Self.paddedTeacher().captureLogits(examples, k: k, workers: workers)
        #expect(found == (try Self.teacher().captureLogits(examples, k: k, workers: workers)))
        #expect(found.allSatisfy { $0.k == min(k, Self.tokens) })
    }

    private static let losses: [TransferLoss] = [
        TransferLoss([LossTerm(.forwardKL)]), TransferLoss([LossTerm(.reverseKL)]), TransferLoss([LossTerm(.jensenShannon)]),
        TransferLoss([LossTerm(.adaptiveKL), LossTerm(.crossEntropy)]), TransferLoss([LossTerm(.totalVariation)]),
        TransferLoss([LossTerm(.forwardKL)], temperature: 2), TransferLoss([LossTerm(.reverseKL)], promptShare: 0.2),
    ]

    private func curve(_ student: Model, _ teachers: [InferenceModel], _ loss: TransferLoss) throws -> [TrainingStep] {
        let workers = WorkerPool(threads: 2)
        var loss = loss
        loss.teacherWeights = teachers.map { _ in 1 / Double(teachers.count) }
        var examples = Fixture.examples(12)
        for teacher in teachers {
            let captured = try teacher.captureLogits(
                examples, k: 8, of: loss.promptShare > 0 ? .sequence : .response, workers: workers)
            for (index, logits) in captured.enumerated() { examples[index].teachers.append(logits) }
        }
        let trainer = try Trainer(
            student, on: examples, loss: loss, options: TrainingOptions(steps: 5, batch: 6, learningRate: 1e-2, seed: 5),
            workers: workers)
        return (0..<5).map { _ in trainer.advance() }
    }

    private func expectEqual(_ found: [TrainingStep], _ expected: [TrainingStep], _ name: Comment) {
        #expect(found.count == expected.count)
        // The first loss has the same bits; later ones differ by the order in which a gradient's squares are summed.
        #expect(found.first?.loss == expected.first?.loss, name)
        for (found, expected) in zip(found, expected) {
            #expect(abs(found.loss - expected.loss) < 1e-4 * abs(expected.loss), name)
            #expect(abs(found.gradientNorm - expected.gradientNorm) < 1e-3 * expected.gradientNorm, name)
        }
    }

    @Test(arguments: losses, [true, false])
    func aPaddedStudentLearnsWhatAnotherDoes(loss: TransferLoss, tied: Bool) throws {
        let (plain, padded) = (try Self.student(tied: tied), try Self.padded(Self.student(tied: tied)))
        let expected = try curve(plain, [Self.teacher()], loss)
        expectEqual(try curve(padded, [Self.teacher()], loss), expected, "the student")
        expectEqual(try curve(plain, [Self.paddedTeacher()], loss), expected, "the teacher")
        expectEqual(try curve(padded, [Self.paddedTeacher()], loss), expected, "both")
    }

    @Test func eachOfSeveralTeachersMayBePadded() throws {
        let other = InferenceModel(try Fixture.model(scale: 0.1))
        let expected = try curve(Self.student(), [Self.teacher(), other], Self.losses[0])
        expectEqual(try curve(Self.student(), [Self.paddedTeacher(), other], Self.losses[0]), expected, "one of two")
    }

    @Test(arguments: [Loss.forwardKL, .reverseKL])
    func onPolicyBothMayBePadded(loss: Loss) throws {
        func curve(_ student: Model, _ teacher: InferenceModel) throws -> [TrainingStep] {
            let trainer = try OnPolicyTrainer(
                student, teacher: teacher, on: Fixture.examples(12), loss: TransferLoss([LossTerm(loss)]),
                sampling: .init(fraction: 0.7, maximumTokens: 9, temperature: 0.9, endTokens: [Self.end]),
                options: TrainingOptions(steps: 3, batch: 6, learningRate: 1e-3, seed: 5), workers: WorkerPool(threads: 2))
            return try (0..<3).map { _ in try trainer.advance() }
        }
        let (plain, padded) = (try Self.student(), try Self.padded(Self.student()))
        let expected = try curve(plain, Self.teacher())
        expectEqual(try curve(padded, Self.teacher()), expected, "the student")
        expectEqual(try curve(plain, Self.paddedTeacher()), expected, "the teacher")
        expectEqual(try curve(padded, Self.paddedTeacher()), expected, "both")
    }

    @Test func reinforcementIsOverTheTokens() throws {
        func curve(_ model: Model) throws -> [TrainingStep] {
            let trainer = try PolicyTrainer(
                model, prompts: Fixture.examples(6).map { Array($0.tokens[..<$0.promptLength]) }, endToken: Self.end,
                options: PolicyOptions(rollouts: 4, tokens: 8, kl: 0.1),
                training: TrainingOptions(steps: 2, batch: 6, learningRate: 1e-3, seed: 5), workers: WorkerPool(threads: 2)
            ) { _, answer in Reward(Double(answer.tokens.count % 3), isWellFormed: true, isRight: false) }
            return try (0..<2).map { _ in try trainer.advance() }
        }
        let (found, expected) = (try curve(Self.padded(Self.student())), try curve(Self.student()))
        expectEqual(found, expected, "the policy")
        #expect(found[0].readings == expected[0].readings)
    }

    /// What a file has is the whole embedding.
    @Test func thePaddingStays() throws {
        let padded = try Self.padded(Self.student())
        let trainer = try Trainer(
            padded, on: Fixture.examples(6), options: TrainingOptions(steps: 1, batch: 6, learningRate: 1e-3, seed: 5),
            workers: WorkerPool(threads: 1))
        _ = trainer.advance()
        #expect(trainer.model.configuration.vocabularySize == 45)
        #expect(trainer.model.parameterCount == padded.parameterCount)
        #expect(throws: TrainingError.self) {
            try TrainingExample(tokens: [1, 40], promptLength: 1).check(
                padded.configuration, loss: .crossEntropy, index: 0)
        }
    }
}
