extension ModelFamily {
    /// SmolLM3: Llama's layers, of which every fourth has no rotary embedding (arXiv 2501.18795).
    package static let smolLM3 = ModelFamily(
        name: "smollm3", architecture: "SmolLM3ForCausalLM", gguf: GGUFForm(architecture: "smollm3", pairsNeighbours: true),
        defaults: ConfigurationDefaults(tiesEmbeddings: true, ropeTheta: 2_000_000, hasTokens: true),
        refusedFields: [("attention_bias", "is not supported for smollm3, where the output projection has a bias too")],
        windows: WindowRule(standard: nil, isSwitched: true, layers: .unturned), unturnedInterval: 4)
}
