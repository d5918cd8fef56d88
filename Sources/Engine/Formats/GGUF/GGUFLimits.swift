/// What llama.cpp takes for what a GGUF file does not say.
extension ModelConfiguration {
    /// The context that a GGUF file states. Where llama.cpp knows no windows, it is the window: up to it, the results are the same.
    var positionsOfGGUF: Int {
        guard family.gguf.windowInterval == nil, let window else { return maximumPositions }
        return min(maximumPositions, window)
    }

    /// Which layers have a window where the file names none.
    var windowsOfGGUF: [Bool] {
        (1...layerCount).map { layer in family.gguf.windowInterval.map { !layer.isMultiple(of: $0) } ?? false }
    }

    /// Which layers the rotary embedding turns.
    var turnedOfGGUF: [Bool] {
        (1...layerCount).map { layer in family.unturnedInterval.map { !layer.isMultiple(of: $0) } ?? true }
    }

    /// Refuses a model that llama.cpp would compute otherwise.
    ///
    /// - Throws: `ModelFileError`, which names the field.
    func checkForGGUF() throws(ModelFileError) {
        func refused(_ field: String, _ reason: String) -> ModelFileError {
            ModelFileError(file: ModelFolder.configurationFile, reason: "\(field) cannot stand in a GGUF file: \(reason)")
        }
        guard (0..<layerCount).map({ attention(ofLayer: $0).turns }) == turnedOfGGUF else {
            throw refused("no_rope_layers", "llama.cpp leaves the rotary embedding out of every fourth layer, and of no other")
        }
        if let queryScalar, queryScalar != Double(headDimension) {
            throw refused("query_pre_attn_scalar", "llama.cpp takes \(headDimension), the channels of a head")
        }
        if case .yarn(let scaling) = ropeScaling {
            let standard = try? YarnScaling(factor: scaling.factor, originalPositions: scaling.originalPositions)
            guard scaling == standard else {
                throw refused("rope_scaling", "llama.cpp takes YaRN's own numbers for what it says beside factor and context")
            }
        }
    }
}

extension GGUFFile {
    /// Which layers of the model have a window, and which ones the rotary embedding turns.
    func readAttentions(into configuration: inout ModelConfiguration, _ keys: GGUFKeys) throws(ModelFileError) {
        let window = try integer(keys.window, default: 0)
        guard window == 0 || configuration.family.gguf.windowInterval != nil else {
            throw ModelFileError(file: file, reason: "its \(keys.window) is not supported")
        }
        var slides = configuration.windowsOfGGUF
        if let pattern = metadata[keys.windowPattern] {
            guard let stated = pattern.array?.bools(), stated.count == configuration.layerCount else {
                throw ModelFileError(file: file, reason: "its \(keys.windowPattern) is not a list of one word for each layer")
            }
            slides = stated
        }
        if configuration.localRopeTheta != nil {
            configuration.localRopeTheta = try number(keys.localRopeTheta, default: configuration.localRopeTheta)
        }
        configuration.setAttentions(
            zip(slides, configuration.turnedOfGGUF).map { LayerAttention(slides: $0 && window > 0, turns: $1) }, window: window)
    }
}
