extension GGUFFile {
    /// The model, its blocks restored to float32, q and k in the order of Hugging Face's models.
    ///
    /// - Throws: `ModelFileError`, or `ModelConfigurationError` for metadata that make no model.
    package func model() throws -> Model { try model(configuration()) }

    /// The model of a configuration that is stored beside the file.
    func model(_ configuration: ModelConfiguration) throws -> Model {
        try check(configuration, weights: tensors.values.reduce(0) { $0 + $1.count })
        var model = Model(zeros: configuration)
        for parameter in model.parameters {
            guard let tensor = tensors[parameter.ggufName] else { continue }
            if let pairing = RotaryPairing(parameter, of: configuration) {
                try model.setWeights(pairing.halved(floats(tensor), columns: parameter.columns), of: parameter)
            } else {
                model.fill(parameter) { copyFloats(tensor, into: $0) }
            }
            let shift = configuration.family.normShift
            if parameter.role == .norm, shift != 0 {
                model.fill(parameter) { memory in for place in memory.indices { memory[place] -= shift } }
            }
        }
        return model
    }

    /// Every parameter must be there in its shape, and no other tensor.
    private func check(_ configuration: ModelConfiguration, weights: Int) throws(ModelFileError) {
        try configuration.check(tensors: tensors.count, weights: weights, file: file)
        var known: Set = [Self.ropeFactors]
        for parameter in DecoderLayout(configuration).parameters {
            let name = parameter.ggufName
            guard let tensor = tensors[name] else { throw ModelFileError(file: file, reason: "there is no tensor '\(name)'") }
            guard tensor.shape == parameter.shape else {
                throw ModelFileError(
                    file: file, reason: "tensor '\(name)' has shape \(tensor.shape) where \(parameter.shape) is asked for"
                )
            }
            known.insert(name)
        }
        if let other = names.first(where: { !known.contains($0) }) {
            throw ModelFileError(
                file: file,
                reason: "it holds the tensor '\(other)', which no \(configuration.family.gguf.architecture) model has")
        }
    }
}

extension GGUFFile {
    /// The configuration of a model of a known family.
    package func configuration() throws -> ModelConfiguration {
        let family = try family()
        let keys = GGUFKeys(family)
        try checkThatNothingElseIsAsked(of: keys, turnsParts: family.turnsParts)
        guard let embedding = tensors["\(family.embedding.gguf).weight"], embedding.shape.count == 2 else {
            throw ModelFileError(file: file, reason: "there is no matrix '\(family.embedding.gguf).weight'")
        }
        let heads = try integer(keys.heads)
        let hidden = try integer(keys.hidden)
        let width = heads > 0 ? hidden / heads : 0
        let dimension = try integer(
            keys.keyLength, default: family.turnsParts ? width : try integer(keys.rotatedChannels, default: width))
        let theta = try number(keys.ropeTheta, default: 10_000)
        var configuration = try ModelConfiguration(
            vocabularySize: embedding.shape[0], hiddenSize: hidden, layerCount: try integer(keys.layers), headCount: heads,
            keyValueHeadCount: try integer(keys.keyValueHeads, default: heads),
            intermediateSize: try integer(keys.intermediate), maximumPositions: try integer(keys.positions, default: 2048),
            normEpsilon: try number(keys.normEpsilon), ropeTheta: theta,
            tiesEmbeddings: tensors["\(family.head.gguf).weight"] == nil, family: family, headDimension: dimension)
        if family.turnsParts {
            let turned = try integer(keys.rotatedChannels, default: dimension)
            configuration.rotaryDimension = turned == dimension ? nil : turned
        }
        configuration.ropeScaling = try ropeScaling(configuration, keys)
        try readAttentions(into: &configuration, keys)
        configuration.controlTokens = controlTokens
        try configuration.check()
        return configuration
    }

    /// Reads `tokenizer.ggml`. Both the end of a turn and the end of a text end a response.
    private var controlTokens: ControlTokens {
        func id(_ name: String) -> Int? { metadata["tokenizer.ggml.\(name)_token_id"]?.integer }
        let ends = ["eos", "eot", "eom"].compactMap(id)
        return ControlTokens(
            begin: id("bos"), end: ends.enumerated().filter { !ends[..<$0.offset].contains($0.element) }.map(\.element),
            padding: id("padding"))
    }

    private func family() throws(ModelFileError) -> ModelFamily {
        guard let architecture = metadata["general.architecture"]?.string else {
            throw ModelFileError(file: file, reason: "it does not name its general.architecture")
        }
        guard let family = ModelFamily.all.first(where: { $0.gguf.architecture == architecture }) else {
            let known = ModelFamily.list(Set(ModelFamily.all.map(\.gguf.architecture)).sorted(), "and")
            throw ModelFileError(
                file: file, reason: "its architecture is '\(architecture)', and only \(known) can be read")
        }
        return family
    }

    private func checkThatNothingElseIsAsked(of keys: GGUFKeys, turnsParts: Bool) throws(ModelFileError) {
        func refused(_ key: String, _ reason: String) -> ModelFileError {
            ModelFileError(file: file, reason: "its \(key) \(reason)")
        }
        if try integer(keys.experts, default: 0) > 0 { throw refused(keys.experts, "is not supported") }
        for key in [keys.softCapping, keys.attentionSoftCapping] where try number(key, default: 0) != 0 {
            throw refused(key, "is not supported")
        }
        if try number(keys.linearScaling, default: 1) != 1 { throw refused(keys.linearScaling, "is not supported") }
        let lengths = [keys.keyLength, keys.valueLength] + (turnsParts ? [] : [keys.rotatedChannels])
        let given = lengths.compactMap { metadata[$0]?.integer }
        if let first = given.first, given.contains(where: { $0 != first }) {
            throw refused(keys.rotatedChannels, "and the lengths of its keys and values are not one number, but \(given)")
        }
    }

    private func ropeScaling(_ configuration: ModelConfiguration, _ keys: GGUFKeys) throws -> RotaryScaling? {
        switch metadata[keys.scalingType]?.string ?? "none" {
        case "none": return try llama3Scaling(configuration)
        case "linear":
            let factor = try number(keys.scalingFactor)
            try RotaryScaling.check([("factor", factor)])
            return factor == 1 ? nil : .linear(factor: factor)
        case "yarn":
            return .yarn(
                try YarnScaling(
                    factor: number(keys.scalingFactor),
                    originalPositions: integer(keys.originalPositions, default: configuration.maximumPositions)))
        case let type:
            throw ModelFileError(file: file, reason: "its \(keys.scalingType) is '\(type)', which is not supported")
        }
    }

    func integer(_ key: String, default fallback: Int? = nil) throws(ModelFileError) -> Int {
        if metadata[key] == nil, let fallback { return fallback }
        guard let value = metadata[key]?.integer else {
            throw ModelFileError(file: file, reason: "its \(key) is missing or no integer")
        }
        return value
    }

    func number(_ key: String, default fallback: Double? = nil) throws(ModelFileError) -> Double {
        if metadata[key] == nil, let fallback { return fallback }
        guard let value = metadata[key]?.number else {
            throw ModelFileError(file: file, reason: "its \(key) is missing or no number")
        }
        return value
    }
}

/// The keys of a GGUF file's metadata that describe a model of a family.
struct GGUFKeys {
    private let architecture: String

    init(_ family: ModelFamily) { architecture = family.gguf.architecture }

    var positions: String { key("context_length") }
    var hidden: String { key("embedding_length") }
    var layers: String { key("block_count") }
    var intermediate: String { key("feed_forward_length") }
    var heads: String { key("attention.head_count") }
    var keyValueHeads: String { key("attention.head_count_kv") }
    var keyLength: String { key("attention.key_length") }
    var valueLength: String { key("attention.value_length") }
    var normEpsilon: String { key("attention.layer_norm_rms_epsilon") }
    var rotatedChannels: String { key("rope.dimension_count") }
    var ropeTheta: String { key("rope.freq_base") }
    var scalingType: String { key("rope.scaling.type") }
    var scalingFactor: String { key("rope.scaling.factor") }
    var originalPositions: String { key("rope.scaling.original_context_length") }
    var linearScaling: String { key("rope.scale_linear") }
    var window: String { key("attention.sliding_window") }
    var windowPattern: String { key("attention.sliding_window_pattern") }
    var localRopeTheta: String { key("rope.freq_base_swa") }
    var softCapping: String { key("final_logit_softcapping") }
    var attentionSoftCapping: String { key("attn_logit_softcapping") }
    var vocabulary: String { key("vocab_size") }
    var experts: String { key("expert_count") }

    private func key(_ name: String) -> String { "\(architecture).\(name)" }
}
