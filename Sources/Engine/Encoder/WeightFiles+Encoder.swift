extension WeightFiles {
    /// The parameters of an encoder in the order of its layout, float32.
    ///
    /// Every parameter must be there, of its shape, before memory is taken for it. What only other uses of the model need
    /// (the pooler, heads for pre-training, position ids) is passed over; any other tensor is refused by name.
    func parameters(of layout: EncoderLayout) throws(ModelFileError) -> FloatBuffer {
        let prefix = contains("bert.embeddings.word_embeddings.weight") ? "bert." : ""
        var known: Set<String> = []
        for parameter in layout.parameters {
            let name = prefix + parameter.name
            known.insert(name)
            let file = file(of: name)
            try file.check(name, shape: parameter.shape)
            try file.checkThatItHoldsFloats(name)
        }
        for name in names where !known.contains(name) && !Self.isUnused(name, prefix: prefix) {
            throw ModelFileError(
                file: file(of: name).file, reason: "it holds the tensor '\(name)', which no bert model of this config.json has")
        }
        let weights = FloatBuffer(count: layout.count)
        for parameter in layout.parameters {
            let name = prefix + parameter.name
            let memory = UnsafeMutableBufferPointer(start: weights.base + parameter.offset, count: parameter.count)
            try file(of: name).copyFloats(name, into: memory)
        }
        return weights
    }

    private static func isUnused(_ name: String, prefix: String) -> Bool {
        name == prefix + "embeddings.position_ids" || name.hasPrefix(prefix + "pooler.")
            || (!prefix.isEmpty && name.hasPrefix("cls."))
    }
}
