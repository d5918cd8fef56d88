import Testing

@testable import Engine

/// Heads that are together wider, or narrower, than the hidden states; `ReferenceTests` holds their gradients to PyTorch's.
struct WideHeadTests {
    private static func model(dimension: Int) throws -> Model {
        let configuration = try ModelConfiguration(
            vocabularySize: 37, hiddenSize: 24, layerCount: 2, headCount: 4, keyValueHeadCount: 2, intermediateSize: 40,
            maximumPositions: 64, headDimension: dimension)
        var model = Model(zeros: configuration)
        for (index, parameter) in model.parameters.enumerated() {
            let noise = randomFloats(parameter.count, seed: UInt64(40 + index), scale: 0.3)
            try model.setWeights(parameter.role == .norm ? noise.map { 1 + $0 } : noise, of: parameter)
        }
        return model
    }

    @Test(arguments: [4, 10])
    func answersFromTheCacheAreThoseOfWholePasses(dimension: Int) throws {
        let model = InferenceModel(try Self.model(dimension: dimension))
        let prompt: [Int32] = [3, 7, 11, 2]
        let answer = try model.generate(
            [prompt], options: GenerationOptions(maximumTokens: 8), workers: WorkerPool(threads: 1))[0].tokens
        #expect(answer.count == 8)
        for length in 0..<8 {
            let example = TrainingExample(
                tokens: prompt + answer.prefix(length) + [0], promptLength: prompt.count + length)
            let logits = try model.captureLogits([example], k: 1, workers: WorkerPool(threads: 1))[0]
            #expect(logits.topTokens == [answer[length]])
        }
    }
}
