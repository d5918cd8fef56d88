import CanonicalJSON
import Foundation
import TestSupport
import Testing

@testable import Engine

/// What llama.cpp's architectures can say of a model.
@Suite struct GGUFArchitectureTests {
    private func written(_ model: Model) throws -> GGUFFile {
        let folder = try SmallModel.folder(model)
        try folder.model.writeGGUF(to: folder.file("model.gguf"), .f16, name: "small")
        return try GGUFFile(reading: folder.file("model.gguf"))
    }

    /// A small model with other fields.
    private func model(_ family: ModelFamily, _ fields: [String: JSON]) throws -> Model {
        let json = try SmallModel.model(family).configuration.json.object ?? [:]
        return Model(initializing: try ModelConfiguration(json: .object(json.merging(fields) { $1 })), seed: 2)
    }

    @Test func linearScalingAndYarnAreWrittenAndReadBack() throws {
        for (family, scaling) in [
            (ModelFamily.gemma3, RotaryScaling.linear(factor: 8)), (.qwen3, .linear(factor: 2)),
            (.qwen2, .yarn(try YarnScaling(factor: 4, originalPositions: 4096))),
        ] {
            let file = try written(SmallModel.model(family, scaling: scaling))
            #expect(try file.model().configuration.ropeScaling == scaling)
            #expect(file.tensors["rope_freqs.weight"] == nil)
        }
    }

    /// Llama.cpp adds nothing to the weights of norms, so the file has what transformers computes with.
    @Test func normsOfGemmaAreStoredAroundOne() throws {
        let model = try SmallModel.model(.gemma3)
        let file = try written(model)
        let name = "model.layers.1.self_attn.q_norm.weight"
        let stored = file.floats(try #require(file.tensors["blk.1.attn_q_norm.weight"]))
        #expect(stored == model.weights(of: try #require(model.parameter(named: name))).map { $0 + 1 })
    }

    /// Six layers have the windows that llama.cpp gives them; those of a pruned model are listed.
    @Test func windowsOfGemmaAreWrittenAndReadBack() throws {
        let six = try model(.gemma3, ["num_hidden_layers": 6, "layer_types": nil, "rope_local_base_freq": 20_000])
        for (model, isListed) in [(six, false), (try SmallModel.model(.gemma3), true)] {
            let file = try written(model)
            #expect(file.metadata["gemma3.attention.sliding_window"]?.integer == 32)
            #expect((file.metadata["gemma3.attention.sliding_window_pattern"] != nil) == isListed)
            #expect(try file.model().configuration == model.configuration)
        }
    }

    /// Llama.cpp's Llama sees everything. Up to the window that is the same.
    @Test func aContextEndsWithAWindowThatLlamaCppLacks() throws {
        let file = try written(model(.mistral, ["sliding_window": 512]))
        #expect(file.metadata["llama.context_length"]?.integer == 512)
        let windows = try model(.qwen2, ["use_sliding_window": true, "sliding_window": 900, "max_window_layers": 1])
        #expect(try written(windows).metadata["qwen2.context_length"]?.integer == 900)
    }

    @Test(
        arguments: [
            (.gemma3, ["query_pre_attn_scalar": 24], "query_pre_attn_scalar"),
            (.smolLM3, ["no_rope_layers": [1, 0]], "no_rope_layers"),
            (.qwen3, ["rope_scaling": ["rope_type": "yarn", "factor": 4, "beta_fast": 16]], "rope_scaling"),
        ] as [(ModelFamily, [String: JSON], String)])
    func whatLlamaCppWouldComputeOtherwiseIsRefusedByName(family: ModelFamily, fields: [String: JSON], field: String) throws {
        let error = #expect(throws: ModelFileError.self) { try written(model(family, fields)) }
        #expect(error?.reason.hasPrefix(field) == true)
    }
}
