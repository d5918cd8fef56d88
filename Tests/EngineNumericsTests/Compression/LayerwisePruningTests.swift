import Testing

@testable import Engine

struct LayerwisePruningTests {
    private let sequences = Fixture.examples(60).map(\.tokens)

    /// A model that has learnt something, so that its neurons differ.
    private static let trained: Model? = {
        let options = TrainingOptions(
            steps: 150, batch: 16, learningRate: 1e-2, optimizer: .adamW, warmup: 0.1, weightDecay: 0.01, seed: 11)
        guard let configuration = try? Fixture.configuration(),
            let trainer = try? Trainer(
                Model(initializing: configuration, seed: 1), on: Fixture.examples(200), loss: .crossEntropy, options: options,
                workers: WorkerPool(threads: 2))
        else { return nil }
        return trainer.run { _ in }
    }()

    private func run(
        _ model: Model, _ choice: LayerwiseChoice, threads: Int = 2, checkpoint: ResultCheckpoint<LayerwiseResult> = .none
    ) throws -> (model: Model, layers: [LayerwiseResult]) {
        try LayerwisePruning(InferenceModel(model), choosing: choice, on: sequences, workers: WorkerPool(threads: threads))
            .run(checkpoint: checkpoint)
    }

    @Test(arguments: [32, 24, 12])
    func osscarReconstructsBetterThanMagnitudeAndActivations(left: Int) throws {
        let model = try #require(Self.trained)
        let importance = try InferenceModel(model).channelImportance(sequences, workers: WorkerPool(threads: 2))
        let others = [
            try model.neuronMagnitudes.places(ofLargest: left), try importance.intermediate.places(ofLargest: left),
        ].map { LayerwiseChoice.given(neurons: $0) }
        let osscar = try run(model, .reconstruction(intermediate: left, keyValueHeads: 2, damping: 0.01))
        func loss(_ model: Model) throws -> Double {
            try InferenceModel(model).meanLoss(of: sequences, workers: WorkerPool(threads: 2))
        }
        for other in others {
            let result = try run(model, other)
            #expect(result.model.configuration == osscar.model.configuration)
            for (ours, theirs) in zip(osscar.layers, result.layers) {
                #expect(ours.feedForwardError < theirs.feedForwardError)
            }
            #expect(try loss(osscar.model) < loss(result.model))
        }
    }

    /// ‖XW − XŴ‖/‖XW‖ from the activations themselves, in the first layer, before which nothing is pruned.
    @Test func theReportedErrorIsThatOfTheLayerOutputs() throws {
        let model = try Fixture.model(layers: 1)
        let result = try run(model, .reconstruction(intermediate: 20, keyValueHeads: 2, damping: 0.01))
        let layer = result.layers[0]
        let down = Array(model.weights(of: try #require(model.parameter(named: "model.layers.0.mlp.down_proj.weight"))))
        var (whole, rest) = (0.0, 0.0)
        let pass = try CalibrationPass(InferenceModel(model), sequences, workers: WorkerPool(threads: 1))
        pass.advance(through: .attention, ofLayer: 0)
        pass.advance(through: .feedForward, ofLayer: 0) { input, neurons in
            let x = neurons.base
            for row in 0..<(input == .down ? neurons.rows : 0) {
                for output in 0..<24 {
                    var (before, after) = (0.0, 0.0)
                    for neuron in 0..<40 {
                        before += Double(x[row * 40 + neuron]) * Double(down[output * 40 + neuron])
                        after += Double(x[row * 40 + neuron]) * Double(layer.down[output * 40 + neuron])
                    }
                    whole += before * before
                    rest += (before - after) * (before - after)
                }
            }
        }
        #expect(abs(layer.feedForwardError - (rest / whole).squareRoot()) < 1e-4 * layer.feedForwardError)
        #expect(layer.attentionError == 0 && layer.keyValueHeads == [0, 1])
    }

    @Test func headsGoInWholeGroupsTheSameNumberFromEveryLayer() throws {
        let model = try #require(Self.trained)
        let result = try run(model, .reconstruction(intermediate: 40, keyValueHeads: 1, damping: 0.01))
        let configuration = result.model.configuration
        #expect(configuration.keyValueHeadCount == 1 && configuration.headCount == 2 && configuration.headDimension == 6)
        #expect(configuration.json["head_dim"] == 6)
        #expect(result.layers.allSatisfy { $0.keyValueHeads.count == 1 && $0.attentionError > 0 && $0.attentionError < 1 })
        // Of two groups in the first layer the kept one is the better one.
        let statistics = try CalibrationPass(InferenceModel(model), sequences, workers: WorkerPool(threads: 1))
            .statistics(of: .output, layer: 0)
        let output = Array(model.weights(of: try #require(model.parameter(named: "model.layers.0.self_attn.o_proj.weight"))))
        let transpose = (0..<24 * 24).map { Double(output[$0 % 24 * 24 + $0 / 24]) }
        let errors = try (0..<2).map { kept in
            var selection = try UnitSelection(
                damped: statistics.damped(0.01), weights: transpose, size: 24, unitSize: 12, workers: WorkerPool(threads: 1))
            selection.remove(unit: 1 - kept)
            let changed = (0..<24 * 24).map { Float(selection.weights[$0 % 24 * 24 + $0 / 24]) }
            return statistics.reconstructionError(of: changed, to: output, rows: 24, workers: WorkerPool(threads: 1))
        }
        #expect(result.layers[0].keyValueHeads == [errors[0] < errors[1] ? 0 : 1])
    }

    @Test func closedNeuronsGoFirstAndNothingChanges() throws {
        let closed = [2, 9, 30]
        let model = try Fixture.model(layers: 2).closing(neurons: closed, inLayer: 0).closing(neurons: closed, inLayer: 1)
        let result = try run(model, .reconstruction(intermediate: 37, keyValueHeads: 2, damping: 1e-6))
        let open = (0..<40).filter { !closed.contains($0) }
        #expect(result.layers.allSatisfy { $0.neurons == open && $0.feedForwardError < 1e-4 })
        let workers = WorkerPool(threads: 2)
        let before = try InferenceModel(model).meanLoss(of: sequences, workers: workers)
        #expect(abs(try InferenceModel(result.model).meanLoss(of: sequences, workers: workers) - before) < 1e-3)
    }

    @Test func bitsAreEqualAtAnyThreadCountAndFromACheckpoint() throws {
        let model = try Fixture.model(layers: 3)
        let choice = LayerwiseChoice.reconstruction(intermediate: 24, keyValueHeads: 1, damping: 0.01)
        let kept = Kept<LayerwiseResult>()
        let alone = try run(model, choice, threads: 1, checkpoint: kept.checkpoint)
        #expect(alone.model.configuration.intermediateSize == 24)
        for threads in [2, 3] {
            let together = try run(model, choice, threads: threads)
            #expect(together.model.values == alone.model.values && together.layers == alone.layers)
        }
        #expect(kept.items.count == 3)
        kept.items[2] = nil
        let resumed = try run(model, choice, checkpoint: kept.checkpoint)
        #expect(resumed.model.values == alone.model.values && resumed.layers == alone.layers)
    }

    @Test func unitsThatTheModelLacksCannotBeKept() throws {
        let model = try Fixture.model()
        for choice in [
            LayerwiseChoice.reconstruction(intermediate: 41, keyValueHeads: 2, damping: 0.01),
            .reconstruction(intermediate: 0, keyValueHeads: 2, damping: 0.01),
            .reconstruction(intermediate: 8, keyValueHeads: 3, damping: 0.01), .given(neurons: [[0], [40]]),
            .given(neurons: [[0]]),
        ] { #expect(throws: ChannelPruningError.self) { try run(model, choice) } }
        #expect(throws: GenerationError.self) {
            try LayerwisePruning(
                InferenceModel(model), choosing: .given(neurons: [[0], [0]]), on: [], workers: WorkerPool(threads: 1))
        }
    }
}
