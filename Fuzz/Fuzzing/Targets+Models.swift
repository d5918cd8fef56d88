import CanonicalJSON
import Engine
import Foundation
import Stages

extension FuzzTarget {
    /// Files of models and of what was begun.
    static let models: [FuzzTarget] = [
        FuzzTarget("tokenizer", .json, seeds: [Seeds.tokenizer], words: ["ByteLevel", "Sequence", "NFC", "Split", "\u{120}a"]) {
            bytes, _ in
            let tokenizer = try Tokenizer(parsing: JSON(parsing: bytes))
            for text in ["play a song", "é \u{0} <|user|>\n\n 12345", String(repeating: "a", count: 5000)] {
                let ids = tokenizer.encode(text)
                _ = tokenizer.decodeWithSpecialTokens(ids + [0, -1, .max])
            }
        },
        FuzzTarget("wordpiece", .json, seeds: [Seeds.wordPiece]) { bytes, _ in
            _ = try WordPieceTokenizer(parsing: JSON(parsing: bytes)).encode("play a song, é \u{0} 12345", atMost: 64)
        },
        FuzzTarget("config", .json, seeds: [Seeds.configuration], words: ["llama", "qwen3", "linear", "yarn"]) {
            bytes, folder in
            try Seeds.write(["config.json": bytes, "model.safetensors": Seeds.weights], in: folder)
            _ = try ModelFolder(folder).model()
            _ = try ModelFolder(folder).inferenceModel()
        },
        FuzzTarget(
            "safetensors", seeds: [Seeds.weights], words: ["\"F32\"", "\"BF16\"", "\"data_offsets\":[0,", "\"shape\":[-1]"]
        ) { bytes, folder in
            let file = try SafeTensors(parsing: Data(bytes))
            for name in file.names.prefix(20) {
                _ = try? file.floats(name)
                _ = try? file.integers(name)
            }
            try Seeds.write(["config.json": Seeds.configuration, "model.safetensors": bytes], in: folder)
            _ = try ModelFolder(folder).model()
        },
        FuzzTarget("safetensors.header", .json, seeds: [Seeds.weightsHeader], words: ["F16", "I64", "BF16"]) { header, folder in
            let length = (0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) }
            let bytes = length + header + Seeds.weights.dropFirst(8 + Seeds.weightsHeader.count)
            let file = try SafeTensors(parsing: Data(bytes))
            for name in file.names.prefix(20) { _ = try? file.doubles(name) }
            try Seeds.write(["config.json": Seeds.configuration, "model.safetensors": bytes], in: folder)
            _ = try ModelFolder(folder).model()
        },
        FuzzTarget("gguf", seeds: [Seeds.gguf], words: ["general.architecture", "llama.block_count", "tokenizer.ggml.tokens"]) {
            bytes, folder in
            let file = try GGUFFile(parsing: Data(bytes))
            _ = try? file.model()
            try file.writeTokenizer(to: folder)
        },
        FuzzTarget("adapter", .json, seeds: [Seeds.adapterConfiguration], words: ["LORA", "q_proj", "all-linear"]) {
            bytes, folder in
            try Seeds.write(["adapter_config.json": bytes, "adapter_model.safetensors": Seeds.adapterWeights], in: folder)
            _ = try AdapterFolder(folder).adapters(for: Seeds.model)
        },
        FuzzTarget("checkpoint", seeds: [Seeds.checkpoint], words: ["\"done\":"]) { bytes, folder in
            try Seeds.write(["state": CheckpointFile.sealed(bytes)], in: folder)
            _ = try CheckpointFile(directory: folder, action: Seeds.action).read()?.tensors.allTensors()
        },
    ]
}
