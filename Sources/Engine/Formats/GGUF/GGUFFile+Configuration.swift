extension GGUFFile {
    /// The configuration of a model of the architecture `llama` or `qwen2`.
    func configuration() throws -> ModelConfiguration {
        let architecture = try architecture()
        try checkThatNothingElseIsAsked(of: architecture)
        guard let embedding = tensors["token_embd.weight"], embedding.shape.count == 2 else {
            throw ModelFileError(file: file, reason: "there is no matrix 'token_embd.weight'")
        }
        let heads = try integer("\(architecture).attention.head_count")
        let hidden = try integer("\(architecture).embedding_length")
        let dimension = try integer(
            "\(architecture).attention.key_length",
            default: try integer("\(architecture).rope.dimension_count", default: heads > 0 ? hidden / heads : 0))
        let theta = try number("\(architecture).rope.freq_base", default: 10_000)
        var configuration = try ModelConfiguration(
            vocabularySize: embedding.shape[0], hiddenSize: hidden,
            layerCount: try integer("\(architecture).block_count"), headCount: heads,
            keyValueHeadCount: try integer("\(architecture).attention.head_count_kv", default: heads),
            intermediateSize: try integer("\(architecture).feed_forward_length"),
            maximumPositions: try integer("\(architecture).context_length", default: 2048),
            normEpsilon: try number("\(architecture).attention.layer_norm_rms_epsilon"), ropeTheta: theta,
            tiesEmbeddings: tensors["output.weight"] == nil, hasAttentionBias: architecture == "qwen2",
            headDimension: dimension)
        configuration.ropeScaling = try ropeScaling(configuration)
        configuration.controlTokens = controlTokens
        return configuration
    }

    /// Of `tokenizer.ggml`: the end of a turn ends a response as the end of a text does.
    private var controlTokens: ControlTokens {
        func id(_ name: String) -> Int? { metadata["tokenizer.ggml.\(name)_token_id"]?.integer }
        let ends = ["eos", "eot", "eom"].compactMap(id)
        return ControlTokens(
            begin: id("bos"), end: ends.enumerated().filter { !ends[..<$0.offset].contains($0.element) }.map(\.element),
            padding: id("padding"))
    }

    private func architecture() throws(ModelFileError) -> String {
        guard let architecture = metadata["general.architecture"]?.string else {
            throw ModelFileError(file: file, reason: "it does not name its general.architecture")
        }
        guard architecture == "llama" || architecture == "qwen2" else {
            throw ModelFileError(
                file: file, reason: "its architecture is '\(architecture)', and only llama and qwen2 can be read")
        }
        if let parts = metadata["split.count"]?.integer, parts > 1 {
            throw ModelFileError(file: file, reason: "it is one of \(parts) parts of a model; merge them into one file first")
        }
        return architecture
    }

    private func checkThatNothingElseIsAsked(of architecture: String) throws(ModelFileError) {
        func refused(_ field: String, _ reason: String) -> ModelFileError {
            ModelFileError(file: file, reason: "its \(architecture).\(field) \(reason)")
        }
        if try integer("\(architecture).expert_count", default: 0) > 0 { throw refused("expert_count", "is not supported") }
        if let type = metadata["\(architecture).rope.scaling.type"]?.string, type != "none" {
            throw refused("rope.scaling.type", "is '\(type)', which is not supported")
        }
        if try number("\(architecture).rope.scale_linear", default: 1) != 1 {
            throw refused("rope.scale_linear", "is not supported")
        }
        let lengths = ["attention.key_length", "attention.value_length", "rope.dimension_count"]
        let given = lengths.compactMap { metadata["\(architecture).\($0)"]?.integer }
        if let first = given.first, given.contains(where: { $0 != first }) {
            throw refused("rope.dimension_count", "and the lengths of its keys and values are not one number, but \(given)")
        }
    }

    private func integer(_ key: String, default fallback: Int? = nil) throws(ModelFileError) -> Int {
        if metadata[key] == nil, let fallback { return fallback }
        guard let value = metadata[key]?.integer else {
            throw ModelFileError(file: file, reason: "its \(key) is missing or no integer")
        }
        return value
    }

    private func number(_ key: String, default fallback: Double? = nil) throws(ModelFileError) -> Double {
        if metadata[key] == nil, let fallback { return fallback }
        guard let value = metadata[key]?.number else {
            throw ModelFileError(file: file, reason: "its \(key) is missing or no number")
        }
        return value
    }
}
