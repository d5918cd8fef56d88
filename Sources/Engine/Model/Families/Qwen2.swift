extension ModelFamily {
    /// Qwen2 and Qwen2.5 (arXiv 2407.10671, 2412.15115): queries, keys and values have a bias, whatever `attention_bias` says.
    package static let qwen2 = ModelFamily(
        name: "qwen2", architecture: "Qwen2ForCausalLM", gguf: GGUFForm(architecture: "qwen2"), windows: .fromALayerOn,
        attention: .init(hasBias: true))
}

extension WindowRule {
    /// With `use_sliding_window`, the layers from `max_window_layers` on.
    static let fromALayerOn = WindowRule(
        standard: 4096, isSwitched: true, layers: .from("max_window_layers", standard: 28))
}
