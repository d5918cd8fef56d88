import CanonicalJSON

/// Quantizes the linear layers of a model: all matrices `….weight` except the embedding. A head that shares the embedding's
/// weights becomes a matrix of its own, unless it is ignored.
package struct ModelQuantization: Sendable {
    /// What quantization knows about the modules' inputs.
    package enum Calibration: Sendable {
        case none
        /// Statistics of the float model.
        case statistics(CalibrationStatistics)
        /// Sequences that pass through the model as it is being quantized.
        case sequences([[Int32]], InferenceModel)
    }

    let scheme: QuantizationScheme
    let rounding: WeightRounding
    let smoothing: SmoothQuant?
    /// Modules that stay in float: a whole name or the end of one (`lm_head`, `down_proj`).
    let ignored: [String]
    let workers: WorkerPool

    package init(
        _ scheme: QuantizationScheme, _ rounding: WeightRounding = .nearest, smoothing: SmoothQuant? = nil,
        ignoring ignored: [String] = ["lm_head"], workers: WorkerPool = WorkerPool(threads: 1)
    ) {
        (self.scheme, self.rounding, self.smoothing) = (scheme, rounding, smoothing)
        (self.ignored, self.workers) = (ignored, workers)
    }

    /// - Parameters:
    ///   - tensors: the float model's tensors by name.
    ///   - configuration: the model's `config.json`.
    ///   - report: told how many modules are done, and how many there are.
    package func quantize(
        _ tensors: [String: StoredTensor], configuration: JSON, calibration: Calibration = .none,
        report: (Int, Int) -> Void = { _, _ in }
    ) throws -> QuantizedModel {
        guard configuration["quantization_config"] == nil else {
            throw QuantizationError("The model is quantized already; quantize the float model it was made from.")
        }
        var (result, configuration) = (tensors, configuration)
        var model = try ModelConfiguration(json: configuration)
        let head = model.family.head.huggingFace
        if !isIgnored(head) { Self.untieHead(&result, &configuration, &model) }
        let linear = DecoderLayout(model).parameters.filter { parameter in
            (parameter.role == .hiddenMatrix || parameter.role == .head) && result[parameter.name] != nil
        }
        try checkIgnored(linear.map(\.module), head: head)
        let modules = linear.filter { !isIgnored($0.module) }
        guard !modules.isEmpty else {
            throw QuantizationError("No linear layer is left to quantize; shorten the list of ignored modules.")
        }
        let divisors = try smooth(&result, model, calibration, modules)
        var work = LayerByLayer(self, source: try source(calibration), divisors: divisors)
        for (done, module) in modules.enumerated() {
            try work.quantize(module, in: &result)
            report(done + 1, modules.count)
        }
        // A tied head has no tensor of its own, but other libraries see a linear layer there.
        let inFloat = Set(linear.map(\.module)).union([head]).subtracting(modules.map(\.module))
        let grid = scheme.grid
        return QuantizedModel(
            tensors: result,
            configuration: scheme.layout.configuration(extending: configuration, ignored: inFloat.sorted()),
            report: QuantizationReport(
                bits: grid?.bits ?? 8, groupSize: grid?.groupSize ?? 0, layers: work.layers.sorted { $0.name < $1.name },
                bytesBefore: tensors.values.reduce(0) { $0 + $1.bytes.count },
                bytesAfter: result.values.reduce(0) { $0 + $1.bytes.count }))
    }

    private func isIgnored(_ module: String) -> Bool { ignored.contains { Self.isNamed(module, $0) } }

    private static func isNamed(_ module: String, _ word: String) -> Bool { module == word || module.hasSuffix("." + word) }

    /// A word that names nothing would be a wish that is dropped. A tied model has no head of its own, which changes nothing.
    private func checkIgnored(_ modules: [String], head: String) throws(QuantizationError) {
        guard let unknown = ignored.first(where: { word in word != head && !modules.contains { Self.isNamed($0, word) } })
        else { return }
        let names = Set(modules.compactMap { $0.split(separator: ".").last.map(String.init) }).sorted()
        throw QuantizationError(
            "The model has no linear layer '\(unknown)' to leave in float; it has \(names.joined(separator: ", ")).")
    }

    /// Writes a tied head as a tensor beside the embedding, which stays as it is.
    private static func untieHead(
        _ tensors: inout [String: StoredTensor], _ configuration: inout JSON, _ model: inout ModelConfiguration
    ) {
        guard model.tiesEmbeddings, let embedding = tensors[model.family.embedding.huggingFace + ".weight"],
            var members = configuration.object
        else { return }
        tensors[model.family.head.huggingFace + ".weight"] = embedding
        members["tie_word_embeddings"] = false
        configuration = .object(members)
        model.tiesEmbeddings = false
    }

    private func smooth(
        _ tensors: inout [String: StoredTensor], _ model: ModelConfiguration, _ calibration: Calibration,
        _ modules: [Parameter]
    ) throws -> SmoothQuant.Divisors {
        guard let smoothing else { return [:] }
        guard case .statistics(let statistics) = calibration else {
            throw QuantizationError("SmoothQuant needs the statistics of the model's inputs.")
        }
        return try smoothing.smooth(&tensors, model, statistics, quantizing: Set(modules.map(\.name)))
    }

    private func source(_ calibration: Calibration) throws -> (any StatisticsSource)? {
        switch calibration {
        case .none:
            guard !rounding.needsStatistics else {
                throw QuantizationError("This method needs the statistics of the model's inputs.")
            }
            return nil
        case .statistics(let statistics): return SharedStatistics(statistics)
        case .sequences(let sequences, let model): return try QuantizedPrefix(model, sequences, workers: workers)
        }
    }
}

/// A quantized model as it is stored: tensors under compressed-tensors names, and a configuration that says so.
package struct QuantizedModel: Sendable {
    package var tensors: [String: StoredTensor]
    /// `config.json` with its `quantization_config`.
    package var configuration: JSON
    package var report: QuantizationReport
}

/// How a model's linear layers are stored, and what they are multiplied by.
package enum QuantizationScheme: Hashable, Sendable {
    /// Integer weights; activations stay float.
    case weights(IntegerQuantization)
    /// INT8 weights per output and INT8 activations per token.
    case int8
    /// The same of E4M3 numbers.
    case float8

    /// What weights are rounded to; `nil` for E4M3.
    var grid: IntegerQuantization? {
        switch self {
        case .weights(let grid): grid
        case .int8: .channels
        case .float8: nil
        }
    }

    var layout: PackedLayout {
        switch self {
        case .weights(let grid): .packed(bits: grid.bits, groupSize: grid.groupSize)
        case .int8: .int8
        case .float8: .float8
        }
    }
}
