extension ModelFamily {
    /// Mistral (arXiv 2310.06825): Llama's layers, where `sliding_window` is a number with that window in each. GGUF files have
    /// such models as Llama's.
    package static let mistral = ModelFamily(
        name: "mistral", architecture: "MistralForCausalLM", gguf: GGUFForm(architecture: "llama", pairsNeighbours: true),
        defaults: ConfigurationDefaults(hasTokens: true),
        refusedFields: [("attention_bias", "is not supported for mistral, which has none in transformers")],
        windows: WindowRule(standard: 4096, layers: .all))
}
