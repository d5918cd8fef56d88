import CanonicalJSON
import Foundation
import Testing

@testable import Engine

/// Models that `scripts/reference/compare_model_files.py` prepared in the folder that DECANT_FOREIGN_MODELS names.
@Suite struct ForeignModelTests {
    static var folders: [URL] {
        guard let root = ProcessInfo.processInfo.environment["DECANT_FOREIGN_MODELS"].map({ URL(fileURLWithPath: $0) }) else {
            return []
        }
        return ((try? FileManager.default.contentsOfDirectory(at: root, includingPropertiesForKeys: nil)) ?? [])
            .filter(\.hasDirectoryPath).sorted { $0.path < $1.path }
    }

    @Test(.enabled(if: !folders.isEmpty), arguments: folders)
    func agreesWithTheLibrary(folder: URL) throws {
        let imported = ModelFolder(folder.appending(path: "resaved", directoryHint: .isDirectory))
        try? FileManager.default.removeItem(at: imported.url)
        try FileManager.default.createDirectory(at: imported.url, withIntermediateDirectories: true)
        let gguf = folder.appending(path: "model.gguf")
        let model: Model
        if !FileManager.default.fileExists(atPath: gguf.path) {
            try imported.importModel(from: ModelFolder(folder))
            model = try imported.model()
        } else if folder.lastPathComponent.hasPrefix("gguf-") {
            // Blocks without a tokenizer.
            model = try GGUFFile(reading: gguf).model()
            try imported.write(model)
        } else {
            try imported.importModel(from: GGUFFile(reading: gguf))
            model = try imported.model()
        }
        var result: [String: JSON] = ["differing_weights": .integer(Int64(try differingWeights(model, in: folder)))]
        if let difference = try largestDifference(model, in: folder) {
            result["largest_logit_difference"] = .number(difference)
        }
        if FileManager.default.fileExists(atPath: imported.url.appending(path: "tokenizer.json").path) {
            for precision in GGUFPrecision.allCases {
                let file = folder.appending(path: "exported-\(precision.rawValue).gguf")
                try imported.writeGGUF(to: file, precision, name: folder.lastPathComponent)
            }
        }
        try Data(JSON.object(result).prettyText.utf8).write(to: folder.appending(path: "result.json"))
        #expect(result["differing_weights"] == 0)
        #expect((result["largest_logit_difference"]?.double ?? 0) <= 2e-4)
    }

    private func differingWeights(_ model: Model, in folder: URL) throws -> Int {
        let expected = try SafeTensors(reading: folder.appending(path: "weights.safetensors"))
        return try model.parameters.reduce(0) { count, parameter in
            let weights = try expected.floats(parameter.name)
            return count + zip(weights, model.weights(of: parameter)).count { $0.bitPattern != $1.bitPattern }
        }
    }

    private func largestDifference(_ model: Model, in folder: URL) throws -> Double? {
        let url = folder.appending(path: "expected.safetensors")
        guard FileManager.default.fileExists(atPath: url.path) else { return nil }
        let expected = try SafeTensors(reading: url)
        let tokens = try expected.integers("tokens").map { Int32($0) }
        let logits = try expected.floats("logits")
        let decoder = InferenceModel(model).decoder(positions: tokens.count, workers: WorkerPool(threads: 1))
        var batch = PackedBatch()
        batch.append(tokens, predicting: 0..<tokens.count)
        let arena = Arena()
        return withExtendedLifetime(arena) {
            let activations = Activations(
                decoder.configuration, batch, keeping: .nothing, logitRows: batch.predictedRows.count, in: arena)
            decoder.hiddenStates(batch, activations)
            decoder.forEachLogits(batch, activations) { _ in }
            return logits.indices.reduce(0.0) { max($0, abs(Double(logits[$1]) - Double(activations.logits[$1]))) }
        }
    }
}
