import CanonicalJSON
import Foundation
import TestSupport
import Testing

@testable import Engine

/// `config.json` in the forms that versions of the library write it in.
@Suite struct ConfigurationTests {
    private static let llama: [String: JSON] = [
        "model_type": "llama", "vocab_size": 320, "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
        "num_key_value_heads": 2, "intermediate_size": 96, "max_position_embeddings": 131_072, "rms_norm_eps": 1e-5,
        "hidden_act": "silu", "attention_bias": false, "mlp_bias": false, "head_dim": 16, "pad_token_id": nil,
    ]

    private static func configuration(_ changes: [String: JSON]) throws -> ModelConfiguration {
        try ModelConfiguration(json: .object(llama.merging(changes) { $1 }))
    }

    private static let scaling: [String: JSON] = [
        "rope_type": "llama3", "factor": 32.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
        "original_max_position_embeddings": 8192,
    ]

    @Test func bothFormsOfRotaryParametersAreOne() throws {
        let older = try Self.configuration(["rope_theta": 500_000, "rope_scaling": .object(Self.scaling)])
        let newer = try Self.configuration(["rope_parameters": .object(Self.scaling.merging(["rope_theta": 500_000]) { $1 })])
        #expect(older == newer)
        let scaling = try Llama3Scaling(factor: 32, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalPositions: 8192)
        #expect(older.ropeTheta == 500_000 && older.ropeScaling == .llama3(scaling))
        #expect(try ModelConfiguration(json: older.json) == older)
        let plain = try Self.configuration([
            "rope_scaling": nil, "rope_parameters": ["rope_type": "default", "rope_theta": 1e6],
        ])
        #expect(plain.ropeScaling == nil && plain.ropeTheta == 1e6)
    }

    @Test func whatMattersToOtherProgramsSurvives() throws {
        let configuration = try Self.configuration([
            "bos_token_id": 128_000, "eos_token_id": [128_001, 128_009], "pad_token_id": 7, "torch_dtype": "bfloat16",
            "head_dim": 24,
        ])
        #expect(configuration.controlTokens == ControlTokens(begin: 128_000, end: [128_001, 128_009], padding: 7))
        #expect(configuration.precision == .bfloat16 && configuration.headDimension == 24)
        let json = configuration.json
        #expect(json["eos_token_id"] == [128_001, 128_009] && json["bos_token_id"] == 128_000 && json["pad_token_id"] == 7)
        #expect(json["torch_dtype"] == "bfloat16" && json["head_dim"] == 24)
        #expect(try ModelConfiguration(json: json) == configuration)
        #expect(try Self.configuration(["dtype": "float16", "eos_token_id": 2]).precision == .float16)
        #expect(try Self.configuration(["dtype": "float16", "eos_token_id": 2]).json["eos_token_id"] == 2)
        // A number that follows from others is not written.
        #expect(try Self.configuration([:]).json["head_dim"] == nil)
    }

    @Test(
        arguments: [
            (["model_type": "mixtral"], "model_type"), (["attention_bias": true], "attention_bias"),
            (["mlp_bias": true], "mlp_bias"), (["hidden_act": "gelu"], "hidden_act"),
            (["use_sliding_window": true], "use_sliding_window"),
            (["layer_types": ["full_attention", "sliding_attention"]], "layer_types"),
            (["rope_scaling": ["rope_type": "dynamic", "factor": 4]], "rope_scaling.rope_type"),
            (["rope_scaling": ["type": "longrope", "factor": 4]], "rope_scaling.rope_type"),
            (["rope_scaling": ["type": "linear", "factor": 0]], "rope_scaling.factor"),
            (["rope_scaling": ["rope_type": "yarn"]], "rope_scaling.factor"),
            (["rope_theta": 1e4, "rope_parameters": ["rope_type": "default", "rope_theta": 1e6]], "rope_theta"),
            (["rope_parameters": ["full_attention": ["rope_theta": 1e6]]], "rope_parameters"),
            (["architectures": ["LlamaForSequenceClassification"]], "architectures"), (["logit_scale": 0.25], "logit_scale"),
            (["final_logit_softcapping": 30], "final_logit_softcapping"), (["num_local_experts": 8], "num_local_experts"),
            (
                ["rope_parameters": ["rope_type": "default", "partial_rotary_factor": 0.5]],
                "rope_parameters.partial_rotary_factor"
            ),
            (["rope_scaling": ["rope_type": "llama3", "factor": 8]], "rope_scaling.low_freq_factor"),
            (
                [
                    "rope_scaling": [
                        "rope_type": "llama3", "factor": 0, "low_freq_factor": 1, "high_freq_factor": 4,
                        "original_max_position_embeddings": 8192,
                    ]
                ], "rope_scaling.factor"
            ),
            (
                [
                    "rope_scaling": [
                        "rope_type": "llama3", "factor": 8, "low_freq_factor": 4, "high_freq_factor": 4,
                        "original_max_position_embeddings": 8192,
                    ]
                ], "rope_scaling.low_freq_factor"
            ),
            (["head_dim": "wide"], "head_dim"), (["eos_token_id": "end"], "eos_token_id"),
            (["eos_token_id": -5], "eos_token_id"),
            (["rms_norm_eps": 0], "rms_norm_eps"),
        ] as [([String: JSON], String)])
    func whatIsNotComputedIsRefusedByName(change: [String: JSON], field: String) {
        let error = #expect(throws: ModelConfigurationError.self) { try Self.configuration(change) }
        #expect(error?.field == field)
    }

    @Test func aPublishedFolderIsTakenOver() throws {
        let model = try SmallModel.model(.qwen2)
        let source = try SmallModel.folder(model)
        var members = try source.json("config.json").object ?? [:]
        members["torch_dtype"] = "bfloat16"
        try source.write(.object(members), to: "config.json")
        try source.write(["eos_token_id": [4, 0], "temperature": 0.6], to: "generation_config.json")
        try Data("{{ messages }}".utf8).write(to: source.file("chat_template.jinja"))
        let folder = TemporaryFolder()
        try folder.model.importModel(from: source.model)
        #expect(try folder.json("generation_config.json") == ["eos_token_id": [4, 0], "temperature": 0.6])
        #expect(try folder.json("tokenizer_config.json")["chat_template"] == "{{ messages }}")
        #expect(try folder.json("tokenizer.json") == source.json("tokenizer.json"))
        #expect(try folder.json("config.json")["torch_dtype"] == "bfloat16")
        let read = try folder.model.model()
        #expect(read.values == model.values)
        // A model that is trained on has weights that no narrower type holds.
        #expect(read.configuration.precision == .float32)
        members["quantization_config"] = ["quant_method": "gptq"]
        try source.write(.object(members), to: "config.json")
        #expect(throws: ModelFileError.self) { try folder.model.importModel(from: source.model) }
    }
}
