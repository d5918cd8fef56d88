import CanonicalJSON

extension ModelFolder {
    /// Makes this the folder of a model that is quantized for llama.cpp: `model.gguf` and `config.json`.
    ///
    /// - Parameters:
    ///   - source: a folder with a float model and its tokenizer.
    ///   - importance: what the model's matrices read; without it errors count by the weights' size.
    /// - Throws: `QuantizationError` where the model is quantized already; `ModelFileError`.
    package func quantize(
        _ source: ModelFolder, to precision: GGUFPrecision, importance: CalibrationStatistics?, workers: WorkerPool
    ) throws -> QuantizationReport {
        let stated = try source.readJSON(Self.configurationFile)
        guard stated["quantization_config"] ?? .null == .null, !source.isGGUF else {
            throw QuantizationError("The model is quantized already; quantize the float model it was made from.")
        }
        let model = try source.modelForGGUF()
        let file = url.appending(path: Self.ggufFile)
        try source.writeGGUF(to: file, precision, name: "model", importance: importance, workers: workers)
        var configuration = stated.object ?? [:]
        configuration["tie_word_embeddings"] = .bool(model.configuration.tiesEmbeddings)
        try write(.object(configuration), to: Self.configurationFile)
        return try report(
            on: GGUFFile(reading: file), of: model, bytesBefore: source.weightBytes(), importance: importance, workers: workers)
    }

    /// What was lost, matrix by matrix, as the file has them.
    private func report(
        on file: GGUFFile, of model: Model, bytesBefore: Int, importance: CalibrationStatistics?, workers: WorkerPool
    ) throws -> QuantizationReport {
        let stored = try file.model(model.configuration)
        let layers = try model.parameters.filter { $0.shape.count == 2 }.map { parameter in
            let (weights, approximation) = (model.weights(of: parameter), stored.weights(of: parameter))
            let statistics = try parameter.place.flatMap { try importance?.statistics(of: $0.input, layer: $0.layer) }
            return QuantizationReport.Layer(
                name: parameter.module, type: file.tensors[parameter.ggufName]?.type.name, rows: parameter.shape[0],
                columns: parameter.shape[1],
                relativeError: QuantizationReport.relativeError(of: approximation, to: weights),
                reconstructionError: statistics?.reconstructionError(
                    of: approximation, to: weights, rows: parameter.shape[0], workers: workers),
                bytesBefore: 4 * parameter.count, bytesAfter: file.tensors[parameter.ggufName]?.range.count ?? 0)
        }
        return QuantizationReport(
            bits: nil, groupSize: nil, layers: layers.sorted { $0.name < $1.name }, bytesBefore: bytesBefore,
            bytesAfter: try weightBytes())
    }
}
