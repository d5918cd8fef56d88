@testable import Engine

extension ModelFamily {
    /// Layers of each kind that the family has.
    func mixedAttentions(layers: Int) -> [LayerAttention] {
        (0..<layers).map { index in
            switch self {
            case .mistral, .phi3: LayerAttention(slides: true)
            case .gemma3: LayerAttention(slides: index % 2 == 0)
            case .smolLM3: LayerAttention(slides: index % 2 == 1, turns: index % 2 == 0)
            default: LayerAttention()
            }
        }
    }
}

/// Small models and rows that several tests share.
enum Fixture {
    static func configuration(
        tied: Bool = true, family: ModelFamily = .qwen2, layers: Int = 2
    ) throws -> ModelConfiguration {
        var configuration = try ModelConfiguration(
            vocabularySize: 37, hiddenSize: 24, layerCount: layers, headCount: 4, keyValueHeadCount: 2, intermediateSize: 40,
            maximumPositions: 64, tiesEmbeddings: tied, family: family)
        configuration.setAttentions(family.mixedAttentions(layers: layers), window: 5)
        if family == .phi3 { configuration.rotaryDimension = 4 }
        return configuration
    }

    /// Weights large enough that every part of the model matters; biases and norms are random too.
    static func model(
        tied: Bool = true, family: ModelFamily = .qwen2, layers: Int = 2, scale: Double = 0.3
    ) throws -> Model {
        var model = Model(zeros: try configuration(tied: tied, family: family, layers: layers))
        for (index, parameter) in model.parameters.enumerated() {
            let noise = randomFloats(parameter.count, seed: UInt64(100 + index), scale: scale)
            try model.setWeights(parameter.role == .norm ? noise.map { 1 + $0 } : noise, of: parameter)
        }
        return model
    }

    /// Rows of different lengths whose responses can be learnt: the response repeats the prompt.
    static func examples(_ count: Int, vocabulary: Int = 37) -> [TrainingExample] {
        let random = Philox(seed: 5, purpose: .shuffling)
        return (0..<count).map { row in
            let length = 2 + Int(random.words(UInt32(row))[0] % 5)
            let prompt = (0..<length).map { Int32(random.words(UInt32(row * 16 + $0))[1] % UInt32(vocabulary - 1)) }
            return TrainingExample(tokens: prompt + prompt + [Int32(vocabulary - 1)], promptLength: length)
        }
    }
}
