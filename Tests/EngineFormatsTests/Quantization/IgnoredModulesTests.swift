import CanonicalJSON
import Testing

@testable import Engine

/// Linear layers that stay in float, by the names that a family has.
@Suite struct IgnoredModulesTests {
    private func quantized(_ family: ModelFamily, ignoring ignored: [String]) throws -> QuantizedModel {
        let configuration = try ModelConfiguration(
            vocabularySize: 40, hiddenSize: 32, layerCount: 1, headCount: 4, keyValueHeadCount: 2, intermediateSize: 64,
            tiesEmbeddings: true, family: family)
        let grid = QuantizationScheme.weights(try IntegerQuantization(bits: 4, groupSize: 32))
        return try ModelQuantization(grid, ignoring: ignored).throughAFolder(Model(initializing: configuration, seed: 5)).0
    }

    @Test func aMatrixOfSeveralIsCalledByItsOwnName() throws {
        let result = try quantized(.phi3, ignoring: ["qkv_proj", "lm_head"])
        #expect(result.tensors["model.layers.0.self_attn.qkv_proj.weight"] != nil)
        #expect(result.tensors["model.layers.0.self_attn.o_proj.weight_packed"] != nil)
        #expect(result.configuration["quantization_config"]?["ignore"] == ["lm_head", "model.layers.0.self_attn.qkv_proj"])
    }

    @Test func aNameThatTheModelLacksIsRefusedWithThoseThatItHas() {
        let error = #expect(throws: QuantizationError.self) { try quantized(.phi3, ignoring: ["q_proj"]) }
        #expect(
            error?.description
                == "The model has no linear layer 'q_proj' to leave in float; it has down_proj, gate_up_proj, lm_head, o_proj, "
                + "qkv_proj.")
    }
}
