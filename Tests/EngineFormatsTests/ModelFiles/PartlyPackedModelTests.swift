import Foundation
import Testing

@testable import Engine

/// A model of which some linear layers are packed and others, adjacent to them, are not.
@Suite struct PartlyPackedModelTests {
    @Test(arguments: [[], ["q_proj"], ["k_proj", "up_proj"], ["v_proj", "gate_proj", "down_proj"]])
    func givesTheLogitsOfItsDequantizedWeights(ignored: [String]) throws {
        let configuration = try ModelConfiguration(
            vocabularySize: 40, hiddenSize: 32, layerCount: 2, headCount: 4, keyValueHeadCount: 2, intermediateSize: 64)
        let model = Model(initializing: configuration, seed: 5)
        let folder = URL.temporaryDirectory.appending(path: "decant-packed-\(UUID().uuidString)", directoryHint: .isDirectory)
        defer { try? FileManager.default.removeItem(at: folder) }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try ModelFolder(folder).write(model)

        let stored = try SafeTensors(reading: folder.appending(path: "model.safetensors")).allTensors()
        let quantized = try ModelQuantization(
            .weights(IntegerQuantization(bits: 4, groupSize: 16)), ignoring: ignored + ["lm_head"]
        ).quantize(stored, configuration: configuration.json)
        try SafeTensors.write(quantized.tensors, to: folder.appending(path: "model.safetensors"))
        try Data(quantized.configuration.prettyText.utf8).write(to: folder.appending(path: "config.json"))

        var dense = model
        let packed = try WeightFiles(folder: folder).packedMatrices(configuration: quantized.configuration)
        #expect(packed.count == 2 * (7 - ignored.count))
        for (name, matrix) in packed {
            try dense.setWeights(matrix.dequantized(), of: #require(dense.parameter(named: name)))
        }
        let example = [TrainingExample(tokens: [1, 5, 9, 2, 30, 12, 4], promptLength: 2)]
        let workers = WorkerPool(threads: 1)
        let actual = try ModelFolder(folder).inferenceModel().captureLogits(example, k: 40, workers: workers)
        let expected = try InferenceModel(dense).captureLogits(example, k: 40, workers: workers)
        #expect(actual == expected)
    }

    @Test func aModelWithAMissingOrMisshapenTensorIsRefusedByName() throws {
        let configuration = try ModelConfiguration(
            vocabularySize: 40, hiddenSize: 32, layerCount: 1, headCount: 4, keyValueHeadCount: 2, intermediateSize: 64)
        let folder = URL.temporaryDirectory.appending(path: "decant-damaged-\(UUID().uuidString)", directoryHint: .isDirectory)
        defer { try? FileManager.default.removeItem(at: folder) }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try ModelFolder(folder).write(Model(initializing: configuration, seed: 5))
        let weights = folder.appending(path: "model.safetensors")
        var tensors = try SafeTensors(reading: weights).allTensors()
        let norm = tensors.removeValue(forKey: "model.norm.weight")
        try SafeTensors.write(tensors, to: weights)
        #expect(throws: ModelFileError.self) { try ModelFolder(folder).model() }
        #expect(throws: ModelFileError(file: "model.safetensors", reason: "there is no tensor 'model.norm.weight'")) {
            try ModelFolder(folder).inferenceModel()
        }
        tensors["model.norm.weight"] = StoredTensor([Float](repeating: 1, count: 31), shape: [31])
        try SafeTensors.write(tensors, to: weights)
        #expect(throws: ModelFileError.self) { try ModelFolder(folder).inferenceModel() }
        #expect(norm?.shape == [32])
        try Data("{".utf8).write(to: folder.appending(path: "config.json"))
        #expect(throws: ModelFileError.self) { try ModelFolder(folder).model() }
    }
}
