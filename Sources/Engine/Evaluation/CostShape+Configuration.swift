import CanonicalJSON

extension CostShape {
    /// The shape that a model folder's `config.json` states.
    package init(configuration: JSON, file: String = "config.json") throws(ModelFileError) {
        // With these limits no parameter count overflows.
        func size(_ key: String, limit: Int = 1 << 20) throws(ModelFileError) -> Int {
            guard let value = configuration[key]?.integer, 1...limit ~= value else {
                throw ModelFileError(file: file, reason: "'\(key)' is not a whole number between 1 and \(limit)")
            }
            return value
        }
        hidden = try size("hidden_size")
        layers = try size("num_hidden_layers", limit: 1 << 12)
        heads = try size("num_attention_heads", limit: hidden)
        keyValueHeads = configuration["num_key_value_heads"] == nil ? heads : try size("num_key_value_heads", limit: heads)
        headSize =
            (configuration["head_dim"] ?? .null) == .null
            ? hidden / heads : try size("head_dim", limit: (1 << 20) / heads)
        intermediate = try size("intermediate_size")
        vocabulary = try size("vocab_size")
        tied = configuration["tie_word_embeddings"]?.bool ?? false
    }
}
