extension ModelFamily {
    /// Qwen3 (arXiv 2505.09388): no biases, a norm of every query's and key's head, heads as wide as `head_dim` says.
    package static let qwen3 = ModelFamily(
        name: "qwen3", architecture: "Qwen3ForCausalLM", gguf: GGUFForm(architecture: "qwen3"),
        defaults: ConfigurationDefaults(headDimension: 128),
        refusedFields: [
            ("attention_bias", "is not supported for qwen3, where the output projection has a bias too")
        ],
        windows: .fromALayerOn,
        attention: .init(
            headNorms: .init(
                queries: TensorName("self_attn.q_norm", gguf: "attn_q_norm"),
                keys: TensorName("self_attn.k_norm", gguf: "attn_k_norm"))))
}
