extension ModelFamily {
    /// Qwen2 and Qwen2.5 (arXiv 2407.10671, 2412.15115): queries, keys and values have a bias, whatever `attention_bias` says.
    package static let qwen2 = ModelFamily(
        name: "qwen2", architecture: "Qwen2ForCausalLM", ggufArchitecture: "qwen2", attention: .init(hasBias: true))
}
