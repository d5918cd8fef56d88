import CanonicalJSON
import Foundation
import Testing

@testable import Engine

/// The files of every family; a new one is tested by its line in the registry.
@Suite struct ModelFamilyFileTests {
    @Test(arguments: ModelFamily.all, [true, false]) func aFolderIsReadBack(family: ModelFamily, tied: Bool) throws {
        let model = try SmallModel.model(family, tied: tied, headDimension: 24)
        let folder = try SmallModel.folder(model)
        #expect(try folder.json("config.json")["model_type"]?.string == family.name)
        let read = try folder.model.model()
        #expect(read.configuration == model.configuration && read.values == model.values)
        #expect(Set(model.parameters.map(\.name)).count == model.parameters.count)
        #expect(Set(model.parameters.map(\.ggufName)).count == model.parameters.count)
    }

    /// Llama.cpp's names: what reads its own files back would not see that a name is wrong.
    @Test(arguments: ModelFamily.all) func tensorsHaveLlamaCppsNames(family: ModelFamily) throws {
        let own =
            switch family {
            case .qwen2: ["attn_q.bias", "attn_k.bias", "attn_v.bias"]
            case .qwen3: ["attn_q_norm.weight", "attn_k_norm.weight"]
            case .gemma3, .olmo2:
                ["attn_q_norm.weight", "attn_k_norm.weight", "post_attention_norm.weight", "post_ffw_norm.weight"]
            case .phi3: ["attn_qkv.weight"]
            default: [String]()
            }
        let norms = family == .olmo2 ? [] : ["attn_norm", "ffn_norm"]
        let projections = family == .phi3 ? [] : ["attn_q", "attn_k", "attn_v", "ffn_gate"]
        let modules = projections + ["attn_output", "ffn_up", "ffn_down"]
        let layer = (norms + modules).map { $0 + ".weight" } + own
        let expected =
            (0..<2).flatMap { index in layer.map { "blk.\(index).\($0)" } }
            + ["token_embd.weight", "output_norm.weight", "output.weight"]
        #expect(try Set(SmallModel.model(family, tied: false).parameters.map(\.ggufName)) == Set(expected))
    }

    /// Muon trains hidden matrices alone, and quantization takes them alone: an untied head is none.
    @Test(arguments: ModelFamily.all, [true, false])
    func hiddenMatricesAreThoseOfTheLayers(family: ModelFamily, tied: Bool) throws {
        let parameters = try SmallModel.model(family, tied: tied).parameters
        #expect(parameters.filter { $0.role == .hiddenMatrix }.allSatisfy { $0.layer != nil && $0.shape.count == 2 })
        #expect(parameters.count { $0.role == .hiddenMatrix } == (family == .phi3 ? 4 : 7) * 2)
        #expect(parameters.filter { $0.role == .head }.map(\.name) == (tied ? [] : ["lm_head.weight"]))
        #expect(parameters.filter { $0.role == .embedding }.map(\.name) == ["model.embed_tokens.weight"])
    }

    @Test(arguments: ModelFamily.all) func aTensorThatIsMissingIsNamed(family: ModelFamily) throws {
        let model = try SmallModel.model(family)
        let folder = try SmallModel.folder(model)
        let tensors = try SafeTensors(reading: folder.file("model.safetensors")).allTensors()
        for parameter in model.parameters where parameter.layer == 1 {
            try SafeTensors.write(tensors.filter { $0.key != parameter.name }, to: folder.file("model.safetensors"))
            let error = #expect(throws: ModelFileError.self) { try folder.model.model() }
            #expect(error?.reason.contains("'\(parameter.name)'") == true)
        }
    }

    @Test(arguments: ModelFamily.all) func aFieldThatIsNotComputedIsRefused(family: ModelFamily) throws {
        let json = try SmallModel.model(family).configuration.json
        for field in family.refusedFields {
            let changed = JSON.object((json.object ?? [:]).merging([field.name: true]) { $1 })
            let error = #expect(throws: ModelConfigurationError.self) { try ModelConfiguration(json: changed) }
            #expect(error?.field == field.name)
        }
    }

    /// W4A16 by GPTQ, as a folder of compressed-tensors: all linear modules of the layers, nothing else.
    @Test(arguments: ModelFamily.all) func fourBitsByGPTQAreReadBack(family: ModelFamily) throws {
        let model = try SmallModel.model(family)
        let sequences: [[Int32]] = (0..<40).map { (row: Int32) in
            (0..<12).map { (place: Int32) in (row * 37 + place * place * 11) % 290 }
        }
        let (result, read) = try ModelQuantization(
            .weights(IntegerQuantization(bits: 4, groupSize: 8)), .gptq(damping: 0.01, activationOrder: true)
        ).throughAFolder(model, calibration: .sequences(sequences, InferenceModel(model)))
        let projections =
            family == .phi3
            ? ["self_attn.qkv_proj", "mlp.gate_up_proj"]
            : ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "mlp.gate_proj", "mlp.up_proj"]
        let modules = projections + ["self_attn.o_proj", "mlp.down_proj"]
        let names = (0..<2).flatMap { layer in modules.map { "model.layers.\(layer).\($0)" } }
        #expect(result.report.layers.map(\.name) == names.sorted())
        #expect(result.report.layers.allSatisfy { ($0.reconstructionError ?? 1) < 0.2 })
        #expect(result.configuration["quantization_config"]?["ignore"] == ["lm_head"])
        let restored = read.restored()
        for parameter in model.parameters {
            let (old, new) = (model.weights(of: parameter), restored.weights(of: parameter))
            #expect(parameter.role == .hiddenMatrix ? old != new : old == new, "\(parameter.name)")
        }
        // What runs packed gives what its restored weights give.
        let options = GenerationOptions(maximumTokens: 6)
        let prompts = Array(sequences.prefix(3))
        let examples = prompts.map { TrainingExample(tokens: $0, promptLength: 4) }
        let packed = try read.captureLogits(examples, k: 8, workers: WorkerPool(threads: 1))
        let floats = try InferenceModel(restored).captureLogits(examples, k: 8, workers: WorkerPool(threads: 1))
        for (left, right) in zip(packed, floats) {
            for (x, y) in zip(left.topLogits, right.topLogits) { #expect(abs(x - y) < 1e-3 * max(1, abs(y))) }
        }
        #expect(
            try read.generate(prompts, options: options, workers: WorkerPool(threads: 1)).allSatisfy { $0.tokens.count == 6 })
    }
}
