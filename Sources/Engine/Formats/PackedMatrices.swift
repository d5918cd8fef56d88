import CanonicalJSON

extension WeightFiles {
    /// Calls `body` with each packed matrix and the name of its weight. A float model has none.
    ///
    /// - Parameter configuration: the model's `config.json`, whose `quantization_config` tells the two apart.
    func forEachPackedMatrix(
        configuration: JSON, _ body: (String, any StoredMatrix) -> Void
    ) throws(ModelFileError) {
        guard let layout = try PackedLayout(configuration) else { return }
        let suffix = if case .packed = layout { ".weight_packed" } else { ".weight_scale" }
        for name in names where name.hasSuffix(suffix) {
            let module = String(name.dropLast(suffix.count))
            let file = file(of: name)
            let matrix: any StoredMatrix =
                switch layout {
                case .packed(let bits, let groupSize): try file.wordMatrix(module, bits: bits, groupSize: groupSize)
                case .int8: try file.int8Matrix(module)
                case .float8: try file.float8Matrix(module)
                }
            body(module + ".weight", matrix)
        }
    }
}

extension SafeTensors {
    fileprivate func wordMatrix(_ module: String, bits: Int, groupSize: Int) throws(ModelFileError) -> QuantizedMatrix {
        let packed = try tensor(module + ".weight_packed")
        guard let shape = try tensor(module + ".weight_shape").integers(), shape.count == 2, shape[0] > 0, shape[1] > 0,
            // Bounded by what the file really holds before anything is multiplied.
            shape[0] <= packed.count, shape[1] <= packed.bytes.count * 2
        else { throw ModelFileError(file: file, reason: "'\(module).weight_shape' is not the shape of a matrix") }
        let (rows, columns) = (shape[0], shape[1])
        let group = groupSize == 0 ? columns : groupSize
        guard columns % group == 0 else {
            throw ModelFileError(
                file: file, reason: "'\(module)' has \(columns) inputs, not a multiple of its group size \(group)")
        }
        let words = QuantizedMatrix.bytesPerRow(columns: columns, bits: bits) / 4
        guard packed.elementType == .int32, packed.shape == [rows, words] else {
            throw ModelFileError(file: file, reason: "'\(module).weight_packed' is not an I32 matrix of shape \([rows, words])")
        }
        return QuantizedMatrix(
            packed: try copyBytes(module + ".weight_packed"), scales: try scales(module, shape: [rows, columns / group]),
            rows: rows, columns: columns,
            bits: bits, groupSize: group)
    }

    fileprivate func int8Matrix(_ module: String) throws(ModelFileError) -> Int8Matrix {
        let weights = try byteMatrix(module, of: .int8)
        let (rows, columns) = (weights.shape[0], weights.shape[1])
        guard columns <= Int8Matrix.mostColumns else {
            throw ModelFileError(file: file, reason: "'\(module)' has \(columns) inputs, more than sums of 32 bits can hold")
        }
        return Int8Matrix(
            rows: rows, columns: columns, codes: weights.elements(of: Int8.self),
            scales: try scales(module, shape: [rows, 1]))
    }

    fileprivate func float8Matrix(_ module: String) throws(ModelFileError) -> Float8Matrix {
        let weights = try byteMatrix(module, of: .float8)
        let codes = try copyBytes(module + ".weight")
        guard !codes.contains(where: { $0 & 0x7F == Float8.nan }) else {
            throw ModelFileError(file: file, reason: "'\(module).weight' holds a value that is not a number")
        }
        return Float8Matrix(
            rows: weights.shape[0], columns: weights.shape[1], codes: codes,
            scales: try scales(module, shape: [weights.shape[0], 1]))
    }

    private func byteMatrix(_ module: String, of type: ElementType) throws(ModelFileError) -> StoredTensor {
        let weights = try tensor(module + ".weight")
        guard weights.elementType == type, weights.shape.count == 2 else {
            throw ModelFileError(file: file, reason: "'\(module).weight' is not a matrix of \(type.rawValue)")
        }
        return weights
    }

    private func scales(_ module: String, shape: [Int]) throws(ModelFileError) -> [Float] {
        let scale = try tensor(module + ".weight_scale")
        guard let scales = scale.floats(), scale.shape == shape else {
            throw ModelFileError(file: file, reason: "'\(module).weight_scale' is not a float matrix of shape \(shape)")
        }
        return scales
    }
}
