extension GGUFFile {
    /// The model, its blocks restored to float32, q and k in the order of Hugging Face's models.
    ///
    /// - Throws: `ModelFileError`, or `ModelConfigurationError` for metadata that make no model.
    package func model() throws -> Model {
        let configuration = try configuration()
        // Four bits and more for a weight.
        try check(configuration, weights: tensors.values.reduce(0) { $0 + $1.range.count } * 2)
        var model = Model(zeros: configuration)
        for parameter in model.parameters {
            guard let tensor = tensors[parameter.ggufName] else { continue }
            if let pairing = RotaryPairing(parameter, of: configuration) {
                try model.setWeights(pairing.halved(floats(tensor), columns: parameter.columns), of: parameter)
            } else {
                model.fill(parameter) { copyFloats(tensor, into: $0) }
            }
        }
        return model
    }

    /// Every parameter must be there, of its shape, and no tensor that the model has no use for.
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
                reason: "it holds the tensor '\(other)', which no \(configuration.family.ggufArchitecture) model has")
        }
    }
}
