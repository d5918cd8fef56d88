import Testing

@testable import Engine

struct DepthPruningTests {
    @Test func aLayerThatChangesNothingHasImportanceZeroAndGoesFirst() throws {
        var model = try Fixture.model(layers: 4)
        for name in ["self_attn.o_proj", "mlp.down_proj"] {
            let parameter = try #require(model.parameter(named: "model.layers.2.\(name).weight"))
            try model.setWeights([Float](repeating: 0, count: parameter.count), of: parameter)
        }
        let sequences = Fixture.examples(40).map(\.tokens)
        let importance = try InferenceModel(model).depthImportance(sequences, workers: WorkerPool(threads: 2))
        #expect(abs(importance[2]) < 1e-9)
        #expect([0, 1, 3].allSatisfy { importance[$0] > 1e-3 && importance[$0] < 2 })
        #expect(try InferenceModel(model).depthImportance(sequences, workers: WorkerPool(threads: 1)) == importance)

        let pruning = try DepthPruning(model.configuration, importance: importance, ratio: 0.2)
        #expect(pruning.removedLayers == [2])
        let pruned = try model.removing(pruning)
        #expect(pruned.parameterCount == pruning.parametersAfter)
        #expect(pruned.configuration.layerCount == 3)
        let kept = try #require(model.parameter(named: "model.layers.3.mlp.up_proj.weight"))
        let renamed = try #require(pruned.parameter(named: "model.layers.2.mlp.up_proj.weight"))
        #expect(pruned.weights(of: renamed).elementsEqual(model.weights(of: kept)))
        let options = GenerationOptions(maximumTokens: 6)
        let prompts = sequences.map { Array($0.prefix(2)) }
        let before = try InferenceModel(model).generate(prompts, options: options, workers: WorkerPool(threads: 2))
        let after = try InferenceModel(pruned).generate(prompts, options: options, workers: WorkerPool(threads: 2))
        #expect(before == after, "removing a layer that changes nothing changes nothing")
    }

    @Test(arguments: [(0, 0), (0.1, 0), (0.2, 1), (0.4, 2), (0.99, 3)])
    func theNumberOfLayersIsClosestToTheRatio(ratio: Double, layers: Int) throws {
        let configuration = try Fixture.configuration(layers: 4)
        let pruning = try DepthPruning(configuration, importance: [0.3, 0.1, 0.1, 0.4], ratio: ratio)
        #expect(pruning.removedLayers == [[], [1], [1, 2], [0, 1, 2]][layers])
        #expect(pruning.parametersBefore - pruning.parametersAfter == layers * DecoderLayout(configuration).layerSize)
    }

    @Test func scoresAndRatiosThatDoNotFitAreRefused() throws {
        let configuration = try Fixture.configuration(layers: 2)
        #expect(throws: DepthPruningError.self) { try DepthPruning(configuration, importance: [1], ratio: 0.1) }
        #expect(throws: DepthPruningError.self) { try DepthPruning(configuration, importance: [1, 2], ratio: 1) }
        #expect(throws: DepthPruningError.self) { try DepthPruning(configuration, importance: [1, .nan], ratio: 0.1) }
    }
}
