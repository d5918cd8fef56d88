import Foundation
import Testing

@testable import Engine

struct ChannelImportanceTests {
    private let sequences = Fixture.examples(40).map(\.tokens)

    /// With no attention output, one layer's activations follow from the embedding alone.
    @Test func scoresAreNormalizedSumsOfAbsoluteActivations() throws {
        var model = try Fixture.model(layers: 1)
        let output = try #require(model.parameter(named: "model.layers.0.self_attn.o_proj.weight"))
        try model.setWeights([Float](repeating: 0, count: output.count), of: output)
        func weights(_ name: String) throws -> [Double] {
            model.weights(of: try #require(model.parameter(named: name))).map(Double.init)
        }
        let width = 24
        let embedding = try weights("model.embed_tokens.weight")
        let norms = try ["input", "post_attention"].map { try weights("model.layers.0.\($0)_layernorm.weight") }
        let (gate, up) = (try weights("model.layers.0.mlp.gate_proj.weight"), try weights("model.layers.0.mlp.up_proj.weight"))
        var sums = [[Double](repeating: 0, count: width), [Double](repeating: 0, count: width)]
        var neurons = [Double](repeating: 0, count: 40)
        for token in sequences.joined() {
            let state = embedding[Int(token) * width..<(Int(token) + 1) * width]
            let inverse = 1 / (state.reduce(0) { $0 + $1 * $1 } / Double(width) + 1e-6).squareRoot()
            let inputs = norms.map { norm in zip(state, norm).map { $0 * $1 * inverse } }
            for (site, input) in inputs.enumerated() {
                for (channel, value) in input.enumerated() { sums[site][channel] += abs(value) }
            }
            for neuron in 0..<40 {
                let row = neuron * width..<(neuron + 1) * width
                let g = zip(gate[row], inputs[1]).reduce(0) { $0 + $1.0 * $1.1 }
                let u = zip(up[row], inputs[1]).reduce(0) { $0 + $1.0 * $1.1 }
                neurons[neuron] += abs(g / (1 + exp(-g)) * u)
            }
        }
        func normalized(_ values: [Double]) -> [Double] {
            let length = values.reduce(0) { $0 + $1 * $1 }.squareRoot()
            return values.map { $0 / length }
        }
        let importance = try InferenceModel(model).channelImportance(sequences, workers: WorkerPool(threads: 2))
        let hidden = zip(normalized(sums[0]), normalized(sums[1])).map { $0 + $1 }
        #expect(zip(importance.hidden, hidden).allSatisfy { abs($0 - $1) < 1e-6 })
        #expect(zip(importance.intermediate[0], normalized(neurons)).allSatisfy { abs($0 - $1) < 1e-5 })
        #expect(importance.heads[0].count == 4 && importance.heads[0].allSatisfy { $0 > 0 })
        #expect(abs(importance.heads[0].reduce(0) { $0 + $1 * $1 } - 1) < 1e-9)
    }

    @Test func scoresAreEqualAtAnyThreadCountAndFromACheckpoint() throws {
        let model = InferenceModel(try Fixture.model(layers: 3))
        let alone = try model.channelImportance(sequences, workers: WorkerPool(threads: 1))
        #expect(try model.channelImportance(sequences, workers: WorkerPool(threads: 3)) == alone)
        let kept = Kept<[Double]>()
        _ = try model.channelImportance(sequences, workers: WorkerPool(threads: 2), checkpoint: kept.checkpoint)
        kept.items[1] = nil
        #expect(try model.channelImportance(sequences, workers: WorkerPool(threads: 2), checkpoint: kept.checkpoint) == alone)
        #expect(throws: GenerationError.self) { try model.channelImportance([], workers: WorkerPool(threads: 1)) }
        #expect(throws: GenerationError.self) {
            try model.channelImportance(
                sequences, workers: WorkerPool(threads: 1),
                checkpoint: ResultCheckpoint(done: [0: [1], 1: [1], 2: [1]]) { _, _ in })
        }
    }

    @Test func neuronsWithAClosedGateHaveNoImportance() throws {
        let model = try Fixture.model(layers: 2).closing(neurons: [3, 17], inLayer: 1)
        let importance = try InferenceModel(model).channelImportance(sequences, workers: WorkerPool(threads: 2))
        #expect(importance.intermediate[1].indices.filter { importance.intermediate[1][$0] == 0 } == [3, 17])
        #expect(importance.intermediate[0].allSatisfy { $0 > 0 })
        let selection = try ChannelSelection(model.configuration, hidden: 24, intermediate: 38, by: importance)
        #expect(selection.intermediate[1] == (0..<40).filter { $0 != 3 && $0 != 17 })
    }
}

extension Model {
    /// The model with the gates of some neurons all zero.
    func closing(neurons: [Int], inLayer layer: Int) throws -> Model {
        var model = self
        let gate = try #require(parameter(named: "model.layers.\(layer).mlp.gate_proj.weight"))
        var weights = Array(self.weights(of: gate))
        for neuron in neurons {
            for place in neuron * gate.shape[1]..<(neuron + 1) * gate.shape[1] { weights[place] = 0 }
        }
        try model.setWeights(weights, of: gate)
        return model
    }
}

/// What a run left behind, for a later one.
final class Kept<Item: Sendable>: @unchecked Sendable {
    private let lock = NSLock()
    var items: [Int: Item] = [:]

    var checkpoint: ResultCheckpoint<Item> {
        ResultCheckpoint(done: items) { range, values in
            self.lock.withLock { for (index, value) in zip(range, values) { self.items[index] = value } }
        }
    }
}
