import CanonicalJSON

extension CostShape {
    /// The shape that a model folder's `config.json` states.
    public init(configuration: JSON, file: String = "config.json") throws(ModelFileError) {
        func size(_ key: String) throws(ModelFileError) -> Int {
            guard let value = configuration[key]?.integer, value > 0, value < 1 << 24 else {
                throw ModelFileError(file: file, reason: "'\(key)' is not a size between 1 and \(1 << 24)")
            }
            return value
        }
        hidden = try size("hidden_size")
        layers = try size("num_hidden_layers")
        heads = try size("num_attention_heads")
        keyValueHeads = configuration["num_key_value_heads"] == nil ? heads : try size("num_key_value_heads")
        headSize = (configuration["head_dim"] ?? .null) == .null ? hidden / heads : try size("head_dim")
        intermediate = try size("intermediate_size")
        vocabulary = try size("vocab_size")
        tied = configuration["tie_word_embeddings"]?.bool ?? false
    }
}
