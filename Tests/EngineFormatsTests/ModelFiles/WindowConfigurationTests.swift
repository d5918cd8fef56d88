import CanonicalJSON
import Testing

@testable import Engine

/// Layers that differ, in the forms in which `config.json` says so; the expected kinds are those of `transformers`.
@Suite struct WindowConfigurationTests {
    private static func configuration(_ family: String, _ changes: [String: JSON], layers: Int = 4) throws -> ModelConfiguration
    {
        let sizes: [String: JSON] = [
            "model_type": .string(family), "vocab_size": 320, "hidden_size": 64,
            "num_hidden_layers": .integer(Int64(layers)), "num_attention_heads": 4, "intermediate_size": 96, "head_dim": 16,
        ]
        return try ModelConfiguration(json: .object(sizes.merging(changes) { $1 }))
    }

    /// `w` and the window for a layer that slides, `-` for one that sees all, `n` before it without a rotary embedding.
    private static func words(_ configuration: ModelConfiguration) -> String {
        (0..<configuration.layerCount).map { index in
            let turned = configuration.attention(ofLayer: index).turns ? "" : "n"
            return turned + (configuration.window(ofLayer: index).map { "w\($0)" } ?? "-")
        }.joined(separator: " ")
    }

    private static let types: JSON = ["full_attention", "sliding_attention", "full_attention", "sliding_attention"]

    @Test(
        arguments: [
            ("mistral", [:], "w4096 w4096 w4096 w4096"), ("mistral", ["sliding_window": nil], "- - - -"),
            ("mistral", ["sliding_window": 7, "layer_types": types], "w7 w7 w7 w7"),
            ("qwen2", [:], "- - - -"), ("qwen2", ["sliding_window": 7, "max_window_layers": 1], "- - - -"),
            ("qwen2", ["use_sliding_window": true, "sliding_window": 7, "max_window_layers": 1], "- w7 w7 w7"),
            ("qwen3", ["use_sliding_window": true, "max_window_layers": 2], "- - w4096 w4096"),
            ("qwen3", ["use_sliding_window": true, "sliding_window": 9, "layer_types": types], "- w9 - w9"),
            ("qwen2", ["use_sliding_window": true], "- - - -"),
            ("qwen2", ["use_sliding_window": true, "sliding_window": nil], "- - - -"),
            ("gemma3_text", ["sliding_window": 5], "w5 w5 w5 w5"),
            ("gemma3_text", ["sliding_window": 5, "sliding_window_pattern": 2], "w5 - w5 -"),
            ("gemma3_text", ["layer_types": types], "- w4096 - w4096"),
            ("phi3", [:], "- - - -"), ("phi3", ["sliding_window": 2047], "w2047 w2047 w2047 w2047"),
            ("smollm3", [:], "- - - n-"), ("smollm3", ["no_rope_layer_interval": 2], "- n- - n-"),
            ("smollm3", ["no_rope_layers": [0, 1, 1, 0], "use_sliding_window": true, "sliding_window": 6], "nw6 - - nw6"),
        ] as [(String, [String: JSON], String)])
    func layersAreThoseOfTheLibrary(family: String, fields: [String: JSON], expected: String) throws {
        let configuration = try Self.configuration(family, fields)
        #expect(Self.words(configuration) == expected)
        let again = try ModelConfiguration(json: configuration.json)
        #expect(again == configuration && Self.words(again) == expected)
    }

    @Test(
        arguments: [
            ("mistral", ["sliding_window": 0], "sliding_window"), ("mistral", ["sliding_window": "wide"], "sliding_window"),
            ("qwen2", ["layer_types": types], "use_sliding_window"),
            ("qwen2", ["use_sliding_window": true, "layer_types": ["full_attention"]], "layer_types"),
            (
                "gemma3_text", ["layer_types": ["full_attention", "full_attention", "chunked_attention", "full_attention"]],
                "layer_types"
            ),
            ("gemma3_text", ["sliding_window_pattern": 0], "sliding_window_pattern"),
            ("gemma3_text", ["sliding_window": nil], "sliding_window"),
            ("gemma3_text", ["attn_logit_softcapping": 50], "attn_logit_softcapping"),
            ("gemma3_text", ["use_bidirectional_attention": true], "use_bidirectional_attention"),
            ("gemma3_text", ["hidden_activation": "silu"], "hidden_activation"),
            (
                "gemma3_text", ["rope_parameters": ["sliding_attention": ["rope_type": "linear", "factor": 2]]],
                "rope_parameters.sliding_attention"
            ),
            ("gemma3_text", ["rope_local_base_freq": 0.5], "rope_local_base_freq"),
            ("gemma3_text", ["query_pre_attn_scalar": 0], "query_pre_attn_scalar"),
            ("smollm3", ["no_rope_layers": [1, 1]], "no_rope_layers"),
            ("smollm3", ["no_rope_layers": [1, 1, 2, 1]], "no_rope_layers"),
            ("phi3", ["rope_scaling": ["type": "yarn", "factor": 4]], "rope_scaling"),
            (
                "phi3", ["rope_scaling": ["type": "longrope", "short_factor": [1], "long_factor": [1]]],
                "rope_scaling.rope_type"
            ),
            ("phi3", ["partial_rotary_factor": 1.5], "partial_rotary_factor"),
            ("phi3", ["partial_rotary_factor": 0.05], "partial_rotary_factor"),
            ("gemma3", ["text_config": ["model_type": "gemma3_text"]], "model_type"),
        ] as [(String, [String: JSON], String)])
    func whatContradictsItselfOrIsNotComputedIsRefused(family: String, fields: [String: JSON], field: String) {
        let error = #expect(throws: ModelConfigurationError.self) { try Self.configuration(family, fields) }
        #expect(error?.field == field)
    }

    /// Both forms of Gemma's two rotary embeddings.
    @Test func gemmasRotaryEmbeddingsAreReadFromBothForms() throws {
        let older = try Self.configuration(
            "gemma3_text",
            ["rope_theta": 5e5, "rope_local_base_freq": 2e4, "rope_scaling": ["rope_type": "linear", "factor": 8]])
        let newer = try Self.configuration(
            "gemma3_text",
            [
                "rope_parameters": [
                    "full_attention": ["rope_type": "linear", "factor": 8, "rope_theta": 5e5],
                    "sliding_attention": ["rope_type": "default", "rope_theta": 2e4],
                ]
            ])
        #expect(older == newer && older.ropeScaling == .linear(factor: 8))
        #expect(older.ropeTheta == 5e5 && older.localRopeTheta == 2e4 && older.tiesEmbeddings)
        #expect(older.queryScalar == 256 && older.json["query_pre_attn_scalar"] == 256)
        let plain = try Self.configuration("gemma3_text", ["query_pre_attn_scalar": 16])
        #expect(plain.queryScalar == nil && plain.ropeTheta == 1e6 && plain.localRopeTheta == 1e4)
    }

    @Test func layersThatStayKeepTheirKind() throws {
        let configuration = try Self.configuration("gemma3_text", ["sliding_window": 5, "sliding_window_pattern": 2])
        #expect(Self.words(configuration.keeping(layers: [1, 2, 3])) == "- w5 -")
        let full = configuration.keeping(layers: [1, 3])
        #expect(Self.words(full) == "- -" && full.window == nil)
        #expect(try ModelConfiguration(json: full.json) == full)
    }

    /// A token of a layer with a window of 3 sees 1, 2, 3, 3, …; two layers of each kind, heads·d = 64.
    @Test func windowsBoundTheCost() throws {
        let configuration = try Self.configuration("gemma3_text", ["sliding_window": 3, "sliding_window_pattern": 2])
        let full = try Self.configuration(
            "gemma3_text", ["layer_types": ["full_attention", "full_attention", "full_attention", "full_attention"]])
        let (some, all) = (ModelCost(configuration), ModelCost(full))
        func difference(_ prompt: Int, _ cached: Int) -> Double {
            all.answering(promptTokens: prompt, generatedTokens: 0, cachedTokens: cached).prefill
                - some.answering(promptTokens: prompt, generatedTokens: 0, cachedTokens: cached).prefill
        }
        #expect(difference(3, 0) == 0)
        // Positions 3, 4, 5 see one, two and three tokens fewer, in two layers.
        #expect(difference(6, 0) == 2 * 6 * 4 * 64 && difference(6, 4) == 2 * 5 * 4 * 64)
    }
}
