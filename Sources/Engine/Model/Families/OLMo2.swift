extension ModelFamily {
    /// OLMo 2 (arXiv 2501.00656): norms behind each block and none before it; a norm over all queries of a token, and one over
    /// all keys.
    package static let olmo2 = ModelFamily(
        name: "olmo2", architecture: "Olmo2ForCausalLM", gguf: GGUFForm(architecture: "olmo2", needsHead: true),
        defaults: ConfigurationDefaults(normEpsilon: 1e-5, hasTokens: true),
        refusedFields: [("attention_bias", "is not supported for olmo2, where the output projection has a bias too")],
        attention: .init(
            norm: nil,
            headNorms: .init(
                queries: TensorName("self_attn.q_norm", gguf: "attn_q_norm"),
                keys: TensorName("self_attn.k_norm", gguf: "attn_k_norm"), spanHeads: true),
            outputNorm: TensorName("post_attention_layernorm", gguf: "post_attention_norm")),
        feedForward: .init(
            norm: nil, outputNorm: TensorName("post_feedforward_layernorm", gguf: "post_ffw_norm")))
}
