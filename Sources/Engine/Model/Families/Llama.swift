extension ModelFamily {
    /// Llama (arXiv 2407.21783), SmolLM2 and others of this architecture: no biases.
    package static let llama = ModelFamily(
        name: "llama", architecture: "LlamaForCausalLM", gguf: GGUFForm(architecture: "llama", pairsNeighbours: true),
        refusedFields: [
            ("attention_bias", "is not supported for llama, where the output projection has a bias too")
        ])
}
