extension WeightFiles {
    /// A model whose weights are read tensor by tensor into their place; `packed` ones are left zero.
    func model(_ configuration: ModelConfiguration, packed: Set<String> = []) throws(ModelFileError) -> Model {
        try configuration.check(tensors: count, weights: byteCount * (packed.isEmpty ? 1 : 2))
        try checkParameters(of: configuration, packed: packed)
        var model = Model(zeros: configuration)
        for parameter in model.parameters where !packed.contains(parameter.name) {
            try model.fill(parameter) { memory throws(ModelFileError) in
                try file(of: parameter.name).copyFloats(parameter.name, into: memory)
            }
        }
        return model
    }

    /// Every parameter must be there, of its shape, and no tensor that the model has no use for.
    private func checkParameters(of configuration: ModelConfiguration, packed: Set<String>) throws(ModelFileError) {
        var known: Set<String> = []
        for parameter in DecoderLayout(configuration).parameters {
            known.insert(parameter.name)
            if packed.contains(parameter.name) { continue }
            let file = file(of: parameter.name)
            try file.check(parameter.name, shape: parameter.shape)
            try file.checkThatItHoldsFloats(parameter.name)
        }
        let suffixes = packed.isEmpty ? [] : [".weight_packed", ".weight_scale", ".weight_shape"]
        for name in names where !known.contains(name) && !Self.isSuperfluous(name, configuration) {
            let module = suffixes.first(where: name.hasSuffix).map { name.dropLast($0.count) }
            if let module, packed.contains(module + ".weight") { continue }
            throw ModelFileError(
                file: file(of: name).file,
                reason: "it holds the tensor '\(name)', which no \(configuration.family.name) model of this config.json has")
        }
    }

    /// Tensors that some versions of `transformers` write and none reads.
    private static func isSuperfluous(_ name: String, _ configuration: ModelConfiguration) -> Bool {
        name.hasSuffix(".rotary_emb.inv_freq")
            || (configuration.tiesEmbeddings && name == configuration.family.head.huggingFace + ".weight")
    }
}

extension ModelConfiguration {
    /// Refuses a shape that the files cannot hold, before memory is taken for it.
    ///
    /// - Parameter weights: how many the tensors' bytes can stand for at most.
    func check(tensors: Int, weights: Int, file: String = ModelFolder.configurationFile) throws(ModelFileError) {
        let count = DecoderLayout(self).count
        guard layerCount <= tensors, count <= weights else {
            throw ModelFileError(
                file: file, reason: "it asks for \(layerCount) layers and \(count) weights, more than \(tensors) tensors hold")
        }
    }
}
