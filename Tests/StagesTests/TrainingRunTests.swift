import CanonicalJSON
import Foundation
import Testing

@testable import Engine
@testable import Kinds
@testable import Stages

/// Training that looks at the set `valid`; that its checkpoints give the same bytes is among `CheckpointTests`.
@Suite struct ValidationTests {
    let workshop: CheckpointWorkshop

    init() throws { workshop = try CheckpointWorkshop() }

    private func train(
        _ validation: ValidationParameters?, learningRate: Double = 0.01
    ) throws -> (curve: [JSON], losses: [Double?], model: Model) {
        let stage = TrainSFT(
            training: TrainingParameters(
                steps: 12, batch: 4, learningRate: learningRate, optimizer: .adamW, warmup: 0, weightDecay: 0, seed: 3,
                validation: validation),
            prompt: .query)
        _ = try workshop.whole(stage)
        let outputs = workshop.root.appending(path: "outputs", directoryHint: .isDirectory)
        let text = try String(contentsOf: outputs.appending(path: "curve.jsonl"), encoding: .utf8)
        let curve = try text.split(separator: "\n").map { try JSON(parsing: String($0)) }
        return (curve, curve.map { $0["validation_loss"]?.double }, try ModelFolder(outputs).model())
    }

    /// By the learner that every look uses, and by the prompts that it sees.
    private func loss(of model: Model) throws -> Double {
        let context = StageContext(
            inputs: workshop.root.appending(path: "inputs", directoryHint: .isDirectory), outputs: workshop.root, threads: 1,
            reportProgress: { _ in })
        let rows = ResponseRows(
            prompts: try context.modelFolder("model").prompts(.query), task: try context.readTask(), style: .query)
        let examples = try context.read(DataFiles.valid, from: "data").map { try rows.example(of: $0) }
        let options = TrainingOptions(steps: 1, batch: 1, learningRate: 1, seed: 0)
        return try Learner(model, longest: 1, options: options, workers: WorkerPool(threads: 2)).meanLoss(of: examples)
    }

    @Test func theBestModelIsTheOutput() throws {
        // It ends on two looks that were no better.
        let (_, losses, model) = try train(.init(every: 1, patience: 2, prompt: .query), learningRate: 0.2)
        #expect(losses.allSatisfy { $0 != nil })
        let best = try #require(losses.compactMap(\.self).min())
        #expect(losses.compactMap(\.self).last != best)
        #expect(try loss(of: model) == best)
    }

    @Test func looksComeEverySoManyStepsAndAtTheEnd() throws {
        let (_, losses, _) = try train(.init(every: 5, patience: nil, prompt: .query))
        #expect(losses.indices.filter { losses[$0] != nil } == [4, 9, 11])
        #expect(try train(nil).losses.allSatisfy { $0 == nil })
    }

    @Test func withoutImprovementItEnds() throws {
        let (_, losses, _) = try train(.init(every: 1, patience: 2, prompt: .query), learningRate: 0.2)
        let looks = losses.compactMap(\.self)
        #expect(looks.count == losses.count && looks.count < 12)
        let least = try #require(looks.min())
        #expect(looks.firstIndex(of: least) == looks.count - 3)
    }

    /// As many steps as the rows take, and a rate by the size of the model.
    @Test func epochsAndTheRateFollowFromRowsAndModel() throws {
        var training = TrainingParameters(
            epochs: 1.5, batch: 4, learningRate: nil, optimizer: .adamW, warmup: 0, warmupSteps: 2, weightDecay: 0, seed: 3)
        training.settle()
        #expect(training.steps == nil)
        _ = try workshop.whole(TrainSFT(training: training, prompt: .query))
        let outputs = workshop.root.appending(path: "outputs", directoryHint: .isDirectory)
        let rows = try String(
            contentsOf: workshop.root.appending(path: "inputs/data/train.jsonl"), encoding: .utf8
        ).split(separator: "\n").count
        let curve = try String(contentsOf: outputs.appending(path: "curve.jsonl"), encoding: .utf8)
            .split(separator: "\n").map { try JSON(parsing: String($0)) }
        #expect(curve.count == Int((1.5 * Double(rows) / 4).rounded(.up)))
        let rate = TuningRate.rate(parameterCount: try ModelFolder(outputs).model().parameterCount, adapters: false)
        #expect(curve[0]["learning_rate"]?.double == rate / 2)
        #expect(curve.compactMap { $0["learning_rate"]?.double }.max() == rate)
    }

    @Test func aLookReadsSoManyRowsAtMost() throws {
        let all = try train(.init(every: 12, patience: nil, prompt: .query)).losses[11]
        let one = try train(.init(every: 12, patience: nil, rows: 1, prompt: .query)).losses[11]
        #expect(all != nil && one != nil && one != all)
        #expect(try train(.init(every: 12, patience: nil, rows: 1000, prompt: .query)).losses[11] == all)
    }

    @Test func withoutRowsItIsRefused() throws {
        try Data().write(to: workshop.root.appending(path: "inputs/data/valid.jsonl"))
        #expect {
            _ = try train(.init(every: 1, patience: nil, prompt: .query))
        } throws: {
            "\($0)".contains("the set 'valid' has no rows")
        }
    }
}

/// When reinforcement learning ends before its last step.
@Suite struct PolicyProgressTests {
    private func steps(_ rewards: [Double], skipped: (Int) -> Double = { _ in 0 }) -> [TrainingStep] {
        rewards.enumerated().map { step, reward in
            TrainingStep(
                step: step, loss: 0, learningRate: 1, gradientNorm: 0, tokens: 1,
                readings: ["reward": reward, "skipped_groups": skipped(step)])
        }
    }

    @Test func twentyStepsWithoutSpreadAreTheEnd() {
        let flat = [Double](repeating: -1, count: 30)
        #expect(PolicyProgress(steps(flat) { _ in 1 }) == .withoutSignal(reward: -1))
        #expect(PolicyProgress(steps(Array(flat.prefix(19))) { _ in 1 }) == .learning)
        #expect(PolicyProgress(steps(flat) { $0 == 10 ? 0.9 : 1 }) == .learning)
        #expect(PolicyProgress(steps(flat) { $0 == 9 ? 0.9 : 1 }) == .withoutSignal(reward: -1))
        #expect(PolicyProgress([]) == .learning)
    }

    @Test func aRewardThatFallsFarAndStaysIsACollapse() {
        let start = [Double](repeating: 1.2, count: 10)
        let low = [Double](repeating: 0.6, count: 20)
        #expect(PolicyProgress(steps(start + low)) == .collapsed(first: 1.2, last: 0.6))
        #expect(PolicyProgress(steps(start + low.dropLast())) == .learning)
        #expect(PolicyProgress(steps(start + low.dropLast() + [0.8])) == .learning)
        #expect(PolicyProgress(steps(start + low.map { $0 + 0.2 })) == .learning)
    }

    @Test func aLossThatIsNoNumberIsTheEnd() {
        var broken = steps([1, 1])
        broken.append(TrainingStep(step: 2, loss: .nan, learningRate: 1, gradientNorm: 1, tokens: 1))
        #expect(PolicyProgress(broken) == .notANumber)
        #expect(PolicyProgress(steps([1, .nan])) == .notANumber)
    }
}

/// What parameters say of a training.
@Suite struct TrainingOptionTests {
    @Test func aParameterAsksForSharedPrefixes() throws {
        let workshop = try CheckpointWorkshop()
        let context = StageContext(
            inputs: workshop.root.appending(path: "inputs", directoryHint: .isDirectory), outputs: workshop.root, threads: 1,
            reportProgress: { _ in })
        let model = try context.modelFolder("model").model()
        for shares in [true, false] {
            let parameters = TrainingParameters(steps: 1, learningRate: 1, sharePrefixes: shares)
            #expect(try context.trainingOptions(parameters, of: model, rows: 1).sharesPrefixes == shares)
        }
    }
}
