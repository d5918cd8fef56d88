import CanonicalJSON
import Foundation
import Testing

@testable import Engine

/// Logits and gradients that the `transformers` library gives; `scripts/reference/qwen2_reference.py`,
/// `llama_reference.py`, `qwen3_reference.py` and `family_reference.py` write them.
struct ReferenceTests {
    private static func reference(_ name: String) throws -> JSON {
        try referenceFile("\(name).json")
    }

    /// - Parameter configuration: as the library writes it; the fixtures' own where the reference has none.
    private static func model(_ configuration: JSON?) throws -> Model {
        var model = Model(zeros: try configuration.map { try ModelConfiguration(json: $0) } ?? Fixture.configuration())
        for (index, parameter) in model.parameters.enumerated() {
            let values = (0..<parameter.count).map { place in
                let value = (Double((7919 * place + 104_729 * index) % 2003) / 2003 - 0.5) * 0.4
                return Float(parameter.role == .norm ? value + 1 : value)
            }
            try model.setWeights(values, of: parameter)
        }
        return model
    }

    @Test(arguments: [
        "qwen2", "llama", "qwen3", "mistral", "qwen2-windows", "gemma3", "olmo2", "smollm3", "phi3", "linear", "yarn",
    ])
    func logitsLossAndGradientsAgree(name: String) throws {
        let reference = try Self.reference(name)
        let model = try Self.model(reference["config"])
        let tokens = try #require(reference["tokens"]?.array).compactMap(\.integer).map(Int32.init)
        let promptLength = try #require(reference["prompt_length"]?.integer)
        let weights = model.values.buffer.copy()
        let decoder = Decoder(model.layout, weights: weights, positions: 64, workers: .caller)
        let pass = GradientPass(parameterCount: weights.count, keeping: .everything)
        let (logits, loss, gradients) = withExtendedLifetime((pass, decoder)) {
            let example = TrainingExample(tokens: tokens, promptLength: promptLength)
            let scale = 1 / Float(example.responseLength)
            let loss = pass.run([example], decoder: decoder, loss: .crossEntropy, scale: scale, .replacing) * Double(scale)
            return (allLogits(tokens, decoder), loss, pass.gradient.values)
        }
        let expectedLogits = try #require(reference["logits"]?.array).flatMap { $0.array ?? [] }.compactMap(\.double)
        #expect(logits.count == expectedLogits.count)
        #expect(zip(logits, expectedLogits).allSatisfy { abs(Double($0) - $1) <= 2e-4 })
        #expect(abs(loss - (try #require(reference["loss"]?.double))) < 1e-5)
        for parameter in model.parameters {
            let expected = try #require(reference["gradients"]?[parameter.name])
            let norm = try #require(expected["norm"]?.double)
            let gradient = gradients[parameter.range]
            let found = gradient.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
            #expect(abs(found / norm - 1) <= 1e-4, "\(parameter.name)")
            let places = try #require(expected["places"]?.array).compactMap(\.integer)
            let values = try #require(expected["values"]?.array).compactMap(\.double)
            for (place, value) in zip(places, values) {
                #expect(abs(Double(gradient[parameter.offset + place]) - value) <= 1e-4 * norm, "\(parameter.name) at \(place)")
            }
        }
    }

    @Test func theLibraryConfigurationIsReadAndWrittenAgain() throws {
        let model = try Self.model(Self.reference("llama")["config"])
        let configuration = model.configuration
        #expect(configuration.family == .llama && configuration.headDimension == 10 && !configuration.tiesEmbeddings)
        #expect(configuration.ropeTheta == 50_000 && configuration.normEpsilon == 1e-5)
        let scaling = try Llama3Scaling(factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalPositions: 32)
        #expect(configuration.ropeScaling == .llama3(scaling))
        #expect(configuration.controlTokens == ControlTokens(begin: 1, end: [2, 5]))
        #expect(model.parameter(named: "model.layers.1.self_attn.q_proj.weight")?.shape == [40, 24])
        #expect(model.parameter(named: "model.layers.1.self_attn.o_proj.weight")?.shape == [24, 40])
        #expect(try ModelConfiguration(json: configuration.json) == configuration)
    }

    private func allLogits(_ tokens: [Int32], _ decoder: Decoder) -> [Float] {
        var batch = PackedBatch()
        batch.append(tokens, predicting: 0..<tokens.count)
        let arena = Arena()
        return withExtendedLifetime(arena) {
            let activations = Activations(
                decoder.configuration, batch, keeping: .nothing, logitRows: batch.predictedRows.count, in: arena)
            decoder.hiddenStates(batch, activations)
            decoder.forEachLogits(batch, activations) { _ in }
            return Array(UnsafeBufferPointer(start: activations.logits, count: tokens.count * 37))
        }
    }
}
