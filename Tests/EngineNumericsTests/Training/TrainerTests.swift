import Testing

@testable import Engine

struct TrainerTests {
    private func train(
        _ optimizer: TrainingOptions.Optimizer, threads: Int, steps: Int = 12, loss: TransferLoss = .crossEntropy
    ) throws -> (model: Model, losses: [Double]) {
        let options = TrainingOptions(
            steps: steps, batch: 16, learningRate: 1e-2, optimizer: optimizer, warmup: 0.1, weightDecay: 0.01, seed: 11)
        let trainer = try Trainer(
            Model(initializing: try Fixture.configuration(), seed: 1), on: Fixture.examples(40), loss: loss, options: options,
            workers: WorkerPool(threads: threads))
        var losses: [Double] = []
        let model = trainer.run { losses.append($0.loss) }
        return (model, losses)
    }

    @Test(arguments: [TrainingOptions.Optimizer.adamW, .muon])
    func bytesAreEqualAt1And2And3Threads(optimizer: TrainingOptions.Optimizer) throws {
        let alone = try train(optimizer, threads: 1)
        for threads in [2, 3] {
            let together = try train(optimizer, threads: threads)
            #expect(together.model.values.map(\.bitPattern) == alone.model.values.map(\.bitPattern))
            #expect(together.losses == alone.losses)
        }
    }

    /// Bits that every machine must give. They change only with the numerics; then the revisions of the stages that train
    /// must rise.
    @Test(arguments: [(TrainingOptions.Optimizer.adamW, 0), (.muon, 1)])
    func theBytesAfterTwelveSteps(optimizer: TrainingOptions.Optimizer, index: Int) throws {
        let values = try train(optimizer, threads: 2).model.values
        let checksum = values.reduce(UInt64(0xCBF2_9CE4_8422_2325)) { ($0 ^ UInt64($1.bitPattern)) &* 0x100_0000_01B3 }
        #expect(String(checksum, radix: 16) == ["77f10793a99e6517", "4862ffbdebbdcf8f"][index])
    }

    @Test(arguments: [TrainingOptions.Optimizer.adamW, .muon])
    func theLossFalls(optimizer: TrainingOptions.Optimizer) throws {
        let losses = try train(optimizer, threads: 2, steps: 150).losses
        #expect(losses[0] > 3.4)
        #expect(try #require(losses.last) < 2)
    }

    @Test func theLearningRateWarmsUpAndEndsAtATenth() {
        let options = TrainingOptions(steps: 101, batch: 1, learningRate: 2, warmup: 0.1, seed: 0)
        #expect(abs(options.learningRate(atStep: 0) - 0.2) < 1e-12)
        #expect(options.learningRate(atStep: 9) == 2)
        #expect(abs(options.learningRate(atStep: 55) - 1.1) < 1e-9)
        #expect(abs(options.learningRate(atStep: 100) - 0.2) < 1e-12)
    }

    /// AdamW's moments need as many steps however short a training is.
    @Test func theWarmUpHasSoManyStepsAtLeast() {
        var options = TrainingOptions(steps: 100, batch: 1, learningRate: 2, warmup: 0.05, seed: 0)
        #expect(options.learningRate(atStep: 4) == 2)
        options.warmupSteps = 20
        #expect(abs(options.learningRate(atStep: 4) - 0.5) < 1e-12)
        #expect(options.learningRate(atStep: 19) == 2)
        #expect(options.learningRate(atStep: 20) <= 2)
        options.steps = 30
        #expect(options.learningRate(atStep: 14) == 2)
        options.steps = 1000
        #expect(options.learningRate(atStep: 49) == 2)
    }

    @Test func theRateOfAPretrainedModelFallsWithTheRootOfItsSize() {
        func rate(_ count: Int, adapters: Bool = false) -> Double {
            TuningRate.rate(parameterCount: count, adapters: adapters)
        }
        #expect(abs(rate(135_000_000) - 3e-4) < 1e-12)
        #expect(abs(rate(540_000_000) - 1.5e-4) < 1e-12)
        #expect(abs(rate(540_000_000, adapters: true) - 1.5e-3) < 1e-12)
        #expect(rate(1_000_000) == 1e-3 && rate(1_000_000, adapters: true) == 2e-3)
        #expect(rate(1 << 50) == 1e-5)
    }

    @Test func aLongerGradientIsShortenedToTheNormThatIsAsked() throws {
        func firstStep(norm: Double) throws -> [Float] {
            var options = TrainingOptions(
                steps: 1, batch: 4, learningRate: 1e-2, optimizer: .muon, warmup: 0, weightDecay: 0, seed: 3)
            options.clippingNorm = norm
            let trainer = try Trainer(
                Model(initializing: try Fixture.configuration(), seed: 1), on: Fixture.examples(8), options: options,
                workers: WorkerPool(threads: 1))
            return try Array(trainer.run().values)
        }
        #expect(try firstStep(norm: 1) != firstStep(norm: 1e-4))
        #expect(throws: TrainingError.self) { try firstStep(norm: 0) }
    }

    @Test func microBatchesCoverEveryRowOnceWithinTheTokenBudget() {
        for lengths in [[5], [3, 4], Array(repeating: 36, count: 32), (1...300).map { $0 % 97 + 1 }, [3000, 1, 1]] {
            let ranges = MicroBatches.cut(lengths: lengths)
            #expect(ranges.flatMap(Array.init) == Array(lengths.indices))
            #expect(ranges.allSatisfy { !$0.isEmpty })
            for range in ranges {
                #expect(lengths[range].reduce(0, +) <= MicroBatches.tokenBudget + (lengths.max() ?? 0))
            }
        }
    }

    @Test func rowsThatCannotBeTrainedOnAreRefusedByNumber() throws {
        let model = Model(zeros: try Fixture.configuration())
        let options = TrainingOptions(steps: 1, batch: 1, learningRate: 1, seed: 0)
        let good = Fixture.examples(1)[0]
        let bad = [
            TrainingExample(tokens: [1, 2], promptLength: 2), TrainingExample(tokens: [1, 2], promptLength: 0),
            TrainingExample(tokens: [1, 99], promptLength: 1),
            TrainingExample(tokens: Array(repeating: 1, count: 65), promptLength: 1),
        ]
        for example in bad {
            let error = #expect(throws: TrainingError.self) {
                try Trainer(model, on: [good, example], options: options, workers: WorkerPool(threads: 1))
            }
            #expect(error?.description.hasPrefix("Training example 2 ") == true)
        }
        #expect(throws: TrainingError.self) {
            let wrong = TrainingOptions(steps: 1, batch: 1, learningRate: 1, warmup: .nan, seed: 0)
            return try Trainer(model, on: [good], options: wrong, workers: WorkerPool(threads: 1))
        }
        #expect(throws: TrainingError.self) {
            try Trainer(
                model, on: [good], loss: TransferLoss([.init(.forwardKL, weight: 1)]), options: options,
                workers: WorkerPool(threads: 1))
        }
    }
}
