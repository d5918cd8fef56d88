extension ModelFamily {
    /// Phi-3 and Phi-4 mini (arXiv 2404.14219, 2503.01743): queries, keys and values are one matrix, and so are gate and up; the
    /// rotary embedding may turn a part of each head.
    package static let phi3 = ModelFamily(
        name: "phi3", architecture: "Phi3ForCausalLM", gguf: GGUFForm(architecture: "phi3"),
        defaults: ConfigurationDefaults(normEpsilon: 1e-5, hasTokens: true),
        refusedFields: [("attention_bias", "is not supported for phi3, which has none in transformers")],
        windows: WindowRule(standard: nil, layers: .all), turnsParts: true,
        attention: .init(fused: TensorName("self_attn.qkv_proj", gguf: "attn_qkv")),
        feedForward: .init(fused: TensorName("mlp.gate_up_proj", gguf: "ffn_up")))
}
