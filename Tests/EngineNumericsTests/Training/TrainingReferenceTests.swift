import CanonicalJSON
import Foundation
import Testing

@testable import Engine

/// Gradients and curves that PyTorch gives; `scripts/reference/training_reference.py` writes them and says what they are of.
struct TrainingReferenceTests {
    private static let vocabulary = 97

    private static func reference(_ family: String) throws -> JSON {
        try #require(try referenceFile("training.json")[family])
    }

    /// - Parameter shift: parameter p has the values of parameter p + shift.
    static func model(_ family: String, shift: Int = 0) throws -> Model {
        let isQwen = family == "qwen2"
        let configuration = try ModelConfiguration(
            vocabularySize: vocabulary, hiddenSize: 48, layerCount: 2, headCount: 4, keyValueHeadCount: 2, intermediateSize: 80,
            maximumPositions: 128, normEpsilon: isQwen ? 1e-6 : 1e-5, ropeTheta: isQwen ? 10_000 : 100_000,
            tiesEmbeddings: isQwen, family: isQwen ? .qwen2 : .llama)
        var model = Model(zeros: configuration)
        for (index, parameter) in model.parameters.enumerated() {
            let values = (0..<parameter.count).map { place in
                let value = (Double((7919 * place + 104_729 * (index + shift)) % 2003) / 2003 - 0.5) * 0.4
                return Float(parameter.role == .norm ? value + 1 : value)
            }
            try model.setWeights(values, of: parameter)
        }
        return model
    }

    static var examples: [TrainingExample] {
        (0..<12).map { row in
            let length = 5 + row * 23 % 67
            var tokens = [Int32(row * 31 % vocabulary)]
            while tokens.count < length { tokens.append((5 * tokens[tokens.count - 1] + 3) % Int32(vocabulary)) }
            return TrainingExample(tokens: tokens, promptLength: 1 + length / 3)
        }
    }

    @Test(arguments: ["qwen2", "llama"])
    func everyParameterGradientAgreesWithin1e4(family: String) throws {
        let reference = try Self.reference(family)
        let model = try Self.model(family)
        let responseTokens = Self.examples.reduce(0) { $0 + $1.responseLength }
        let weights = model.values.buffer.copy()
        let workers = WorkerPool(threads: 2)
        let decoder = Decoder(model.layout, weights: weights, positions: 128, workers: workers)
        let pass = GradientPass(parameterCount: weights.count, keeping: .everything)
        let loss = withExtendedLifetime((pass, decoder)) {
            pass.run(Self.examples, decoder: decoder, loss: .crossEntropy, scale: 1 / Float(responseTokens), .replacing)
        }
        #expect(abs(loss / Double(responseTokens) - (try #require(reference["loss"]?.double))) < 1e-5)
        let gradients = pass.gradient.values
        for parameter in model.parameters {
            let expected = try #require(reference["gradients"]?[parameter.name], "\(parameter.name)")
            let gradient = gradients[parameter.range].map(Double.init)
            let norm = try Self.compare(gradient, with: expected, "\(parameter.name)")
            for (bit, sum) in try #require(expected["sums"]?.array).compactMap(\.double).enumerated() {
                let found = gradient.enumerated().reduce(0.0) { total, item in
                    total + ((2_654_435_761 &* item.offset) >> (16 + bit) & 1 == 0 ? item.element : -item.element)
                }
                #expect(abs(found - sum) <= 1e-4 * norm, "\(parameter.name), signed sum \(bit)")
            }
        }
    }

    /// Compares a gradient's norm and the recorded places with PyTorch's, within 1e-4 of the norm; returns that norm.
    @discardableResult
    static func compare(_ gradient: [Double], with expected: JSON, _ name: Comment) throws -> Double {
        let norm = try #require(expected["norm"]?.double)
        #expect(abs(gradient.reduce(0) { $0 + $1 * $1 }.squareRoot() / norm - 1) <= 1e-4, name)
        let places = try #require(expected["places"]?.array).compactMap(\.integer)
        let values = try #require(expected["values"]?.array).compactMap(\.double)
        for (place, value) in zip(places, values) {
            #expect(abs(gradient[place] - value) <= 1e-4 * norm, "\(name) at \(place)")
        }
        return norm
    }

    @Test(arguments: ["qwen2", "llama"])
    func lossesOf200StepsOfAdamWAgreeWithin1e3(family: String) throws {
        let expected = try #require(try Self.reference(family)["losses"]?.array).compactMap(\.double)
        let options = TrainingOptions(
            steps: 200, batch: 12, learningRate: 1e-3, optimizer: .adamW, warmup: 0.05, weightDecay: 0.01, seed: 1)
        var losses: [Double] = []
        _ = try Trainer(Self.model(family), on: Self.examples, options: options, workers: WorkerPool(threads: 2))
            .run { losses.append($0.loss) }
        #expect(losses.count == expected.count)
        #expect(try #require(expected.last) < 0.5 * expected[0], "the model learns")
        for (step, (found, expected)) in zip(losses, expected).enumerated() {
            #expect(abs(found - expected) <= 1e-3, "step \(step)")
        }
    }
}
