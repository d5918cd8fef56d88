import CanonicalJSON
import Foundation
import Testing

@testable import Engine

/// Quantized models that `scripts/reference/compare_compressed.py` prepared in the folder that DECANT_COMPRESSED_MODELS names,
/// beside the logits that `transformers` with `compressed-tensors` gives for them.
@Suite struct CompressedModelTests {
    static var folders: [URL] {
        guard let root = ProcessInfo.processInfo.environment["DECANT_COMPRESSED_MODELS"].map({ URL(fileURLWithPath: $0) })
        else {
            return []
        }
        return ((try? FileManager.default.contentsOfDirectory(at: root, includingPropertiesForKeys: nil)) ?? [])
            .filter(\.hasDirectoryPath).sorted { $0.path < $1.path }
    }

    @Test(.enabled(if: !folders.isEmpty), arguments: folders)
    func agreesWithTheLibrary(folder: URL) throws {
        let expected = try SafeTensors(reading: folder.appending(path: "expected.safetensors"))
        let lengths = try expected.integers("lengths")
        var rest = try expected.integers("tokens").map { Int32($0) }[...]
        var batch = PackedBatch()
        for length in lengths {
            batch.append(rest.prefix(length), predicting: 0..<length)
            rest = rest.dropFirst(length)
        }
        let decoder = try ModelFolder(folder).inferenceModel()
            .decoder(positions: batch.longest, workers: WorkerPool(threads: 2))
        let arena = Arena()
        try withExtendedLifetime(arena) {
            let activations = Activations(
                decoder.configuration, batch, keeping: .nothing, logitRows: batch.predictedRows.count, in: arena)
            decoder.hiddenStates(batch, activations)
            decoder.forEachLogits(batch, activations) { _ in }
            let count = batch.tokens.count * decoder.configuration.vocabularySize
            let logits = Array(UnsafeBufferPointer(start: activations.logits, count: count))
            let others = try expected.floats("logits")
            try SafeTensors.write(
                ["logits": StoredTensor(logits, shape: [batch.tokens.count, decoder.configuration.vocabularySize])],
                to: folder.appending(path: "actual.safetensors"))
            let rows = stride(from: 0, to: logits.count, by: decoder.configuration.vocabularySize).map { row in
                (row..<row + decoder.configuration.vocabularySize).allSatisfy { abs(logits[$0] - others[$0]) <= 1e-3 }
            }
            // Rounded activations have ties, which the last bit of a sum decides.
            let json = try JSON(parsing: Data(contentsOf: folder.appending(path: "config.json")))
            let isRounded = json["quantization_config"]?["config_groups"]?["group_0"]?["input_activations"]?.object != nil
            #expect(rows.count(where: { $0 }) >= (isRounded ? rows.count * 8 / 10 : rows.count))
        }
    }
}
