import Testing

@testable import Engine

/// What every family must be able to do; a new one is tested by its line in the registry.
@Suite struct ModelFamilyTests {
    private static func trainer(
        _ family: ModelFamily, steps: Int = 150, threads: Int = 2, _ change: (inout TrainingOptions) -> Void = { _ in }
    ) throws -> Trainer {
        var options = TrainingOptions(
            steps: steps, batch: 16, learningRate: 1e-2, optimizer: .muon, warmup: 0.1, weightDecay: 0.01, seed: 11)
        change(&options)
        return try Trainer(
            Model(initializing: Fixture.configuration(family: family), seed: 1), on: Fixture.examples(40), options: options,
            workers: WorkerPool(threads: threads))
    }

    @Test(arguments: ModelFamily.all) func aModelLearns(family: ModelFamily) throws {
        var losses: [Double] = []
        let start = Model(initializing: try Fixture.configuration(family: family), seed: 1)
        let model = try Self.trainer(family).run { losses.append($0.loss) }
        #expect(try #require(losses.first) > 3.4 && #require(losses.last) < 2.4)
        for parameter in model.parameters {
            #expect(model.weights(of: parameter) != start.weights(of: parameter), "\(parameter.name)")
        }
    }

    @Test(arguments: ModelFamily.all) func trainingDoesNotDependOnThreadsOrMemory(family: ModelFamily) throws {
        let expected = try Self.trainer(family, steps: 4, threads: 1).run().values
        #expect(try Self.trainer(family, steps: 4, threads: 3).run().values == expected)
        #expect(try Self.trainer(family, steps: 4) { $0.recomputation = .always }.run().values == expected)
    }

    /// Each pruned model still answers as its whole sequences say, and learns on.
    @Test(arguments: ModelFamily.all) func prunedModelsRunAndLearn(family: ModelFamily) throws {
        let workers = WorkerPool(threads: 2)
        let sequences = Fixture.examples(40).map(\.tokens)
        let model = try Self.trainer(family, steps: 20).run()
        let inference = InferenceModel(model)
        let layers = try DepthPruning(
            model.configuration, importance: inference.depthImportance(sequences, workers: workers), layers: 1)
        let narrow = try ChannelSelection(
            model.configuration, hidden: 16, intermediate: 24,
            by: inference.channelImportance(sequences, workers: workers))
        let osscar = try LayerwisePruning(
            inference, choosing: .reconstruction(intermediate: 30, keyValueHeads: 1, damping: 0.01), on: sequences,
            workers: workers)
        let pruned = [try model.removing(layers), try model.keeping(narrow), try osscar.run().model]
        #expect(pruned[0].configuration.layerCount == 1)
        #expect(pruned[1].configuration.hiddenSize == 16 && pruned[1].configuration.intermediateSize == 24)
        #expect(pruned[2].configuration.keyValueHeadCount == 1 && pruned[2].configuration.headCount == 2)
        for smaller in pruned {
            #expect(try ModelConfiguration(json: smaller.configuration.json) == smaller.configuration)
            #expect(smaller.parameterCount == DecoderLayout(smaller.configuration).count)
            try expectGreedyAnswers(of: InferenceModel(smaller), workers: workers)
            let options = TrainingOptions(
                steps: 8, batch: 16, learningRate: 1e-2, optimizer: .adamW, warmup: 0, weightDecay: 0.01, seed: 2)
            var losses: [Double] = []
            _ = try Trainer(smaller, on: Fixture.examples(16), options: options, workers: workers)
                .run { losses.append($0.loss) }
            #expect(try #require(losses.last) < #require(losses.first))
        }
    }

    private func expectGreedyAnswers(of model: InferenceModel, workers: WorkerPool) throws {
        let prompts = Array(GenerationTests.prompts.prefix(8))
        let answers = try model.generate(
            prompts, options: GenerationOptions(maximumTokens: 5), workers: workers)
        for (prompt, answer) in zip(prompts, answers) {
            for place in answer.tokens.indices {
                let logits = GenerationTests.logits(model, prompt + answer.tokens[..<place])
                #expect(logits[Int(answer.tokens[place])] >= (logits.max() ?? 0) - 1e-4)
            }
        }
    }
}
