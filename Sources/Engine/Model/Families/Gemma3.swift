extension ModelFamily {
    /// Gemma 3 (arXiv 2503.19786) without images, FunctionGemma too: norms before and behind each block, of every query's and
    /// key's head, and with weights around zero; a GELU gate; windows with a rotary embedding of their own in all layers but
    /// every sixth.
    package static let gemma3 = ModelFamily(
        name: "gemma3_text", architecture: "Gemma3ForCausalLM", gguf: GGUFForm(architecture: "gemma3", windowInterval: 6),
        defaults: ConfigurationDefaults(
            headDimension: 256, tiesEmbeddings: true, ropeTheta: 1_000_000, localRopeTheta: 10_000, queryScalar: 256,
            hasTokens: true),
        refusedFields: [
            ("attention_bias", "is not supported for gemma3_text"),
            ("use_bidirectional_attention", "is not supported: answers are written from left to right"),
        ],
        windows: WindowRule(standard: 4096, layers: .allButEvery("sliding_window_pattern", standard: 6)),
        normShift: 1, scalesEmbedding: true,
        attention: .init(
            headNorms: .init(
                queries: TensorName("self_attn.q_norm", gguf: "attn_q_norm"),
                keys: TensorName("self_attn.k_norm", gguf: "attn_k_norm")),
            outputNorm: TensorName("post_attention_layernorm", gguf: "post_attention_norm")),
        feedForward: .init(
            norm: TensorName("pre_feedforward_layernorm", gguf: "ffn_norm"),
            outputNorm: TensorName("post_feedforward_layernorm", gguf: "post_ffw_norm"),
            gateFunction: .gelu))
}
