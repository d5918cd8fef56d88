import CanonicalJSON
import Foundation
import TestSupport

@testable import Engine

extension TemporaryFolder {
    var model: ModelFolder { ModelFolder(url) }
}

extension ModelQuantization {
    /// A model as a folder has it after quantization, and the same read back.
    func throughAFolder(
        _ model: Model, calibration: Calibration = .none
    ) throws -> (result: QuantizedModel, model: InferenceModel) {
        let folder = TemporaryFolder()
        try folder.model.write(model)
        let weights = folder.file("model.safetensors")
        let result = try quantize(
            SafeTensors(reading: weights).allTensors(), configuration: model.configuration.json, calibration: calibration)
        try SafeTensors.write(result.tensors, to: weights)
        try folder.write(result.configuration, to: "config.json")
        return try withExtendedLifetime(folder) { (result, try folder.model.inferenceModel()) }
    }
}

enum SmallModel {
    /// Rows of 64 are whole blocks of GGUF's simple types, those of 40 are not.
    static func model(
        _ family: ModelFamily, tied: Bool = true, headDimension: Int? = nil, scaling: RotaryScaling? = nil
    ) throws -> Model {
        var configuration = try ModelConfiguration(
            vocabularySize: 300, hiddenSize: 64, layerCount: 2, headCount: 4, keyValueHeadCount: 2, intermediateSize: 40,
            maximumPositions: 16_384, normEpsilon: 1e-5, ropeTheta: 500_000, tiesEmbeddings: tied, family: family,
            headDimension: headDimension, ropeScaling: scaling)
        configuration.controlTokens = ControlTokens(begin: 1, end: [4], padding: 0)
        if family == .gemma3 { configuration.setAttentions([LayerAttention(slides: true), LayerAttention()], window: 32) }
        var model = Model(initializing: configuration, seed: 9)
        for (index, parameter) in model.parameters.enumerated() where parameter.shape.count == 1 {
            try model.setWeights((0..<parameter.count).map { Float(($0 * 7 + index) % 23) / 16 + 0.125 }, of: parameter)
        }
        return model
    }

    static func llama3Scaling() throws -> RotaryScaling {
        .llama3(try Llama3Scaling(factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalPositions: 8192))
    }

    /// A folder with a model and a tokenizer of Decant's own.
    static func folder(_ model: Model) throws -> TemporaryFolder {
        let folder = TemporaryFolder()
        try folder.model.write(model)
        let texts = (0..<40).map { "turn on the light in room \($0), please; turn it off" }
        try TokenizerTrainer(vocabularySize: 290).train(on: texts).write(to: folder.url, format: .query)
        return folder
    }
}

extension ModelConfiguration {
    /// As it comes back from a GGUF file.
    var inGGUF: ModelConfiguration {
        var other = self
        if family == .mistral { other.family = .llama }
        if family == .olmo2 { other.tiesEmbeddings = false }
        return other
    }
}

extension WeightFiles {
    /// All packed matrices at once.
    func packedMatrices(configuration: JSON) throws(ModelFileError) -> [String: any StoredMatrix] {
        var matrices: [String: any StoredMatrix] = [:]
        try forEachPackedMatrix(configuration: configuration) { matrices[$0] = $1 }
        return matrices
    }
}
