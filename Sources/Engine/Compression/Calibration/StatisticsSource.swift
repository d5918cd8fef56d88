/// Where quantization learns what a model's linear modules read. Inputs are asked for layer by layer, in the order of
/// `LinearInput.allCases`, each once.
protocol StatisticsSource: AnyObject {
    func statistics(of input: LinearInput, layer: Int) throws -> InputStatistics
    /// Told what became of a module's weights, row-major, before the next input is asked for.
    func replace(_ parameter: String, with weights: [Float])
}

/// Statistics of the float model, from a file that many quantizations share.
final class SharedStatistics: StatisticsSource {
    private let statistics: CalibrationStatistics

    init(_ statistics: CalibrationStatistics) { self.statistics = statistics }

    func statistics(of input: LinearInput, layer: Int) throws -> InputStatistics {
        try statistics.statistics(of: input, layer: layer)
    }

    func replace(_ parameter: String, with weights: [Float]) {}
}

/// Statistics of the model as it is being quantized: each module is calibrated on what the quantized modules before it give.
final class QuantizedPrefix: StatisticsSource {
    private let pass: CalibrationPass
    private let parameters: [String: Parameter]
    /// Halves of layers that the sequences have passed.
    private var passed = 0

    /// - Throws: `GenerationError` when there is no sequence, or one that the model cannot read.
    init(_ model: InferenceModel, _ sequences: [[Int32]], workers: WorkerPool) throws(GenerationError) {
        pass = try CalibrationPass(model.copied(), sequences, workers: workers)
        parameters = Dictionary(uniqueKeysWithValues: model.model.parameters.map { ($0.name, $0) })
    }

    func statistics(of input: LinearInput, layer: Int) -> InputStatistics {
        let wanted = 2 * layer + (input.half == .attention ? 0 : 1)
        while passed < wanted {
            pass.advance(through: passed % 2 == 0 ? .attention : .feedForward, ofLayer: passed / 2)
            passed += 1
        }
        return pass.statistics(of: input, layer: layer)
    }

    func replace(_ parameter: String, with weights: [Float]) {
        guard let place = parameters[parameter] else { return }
        precondition(weights.count == place.count, "weights do not fill the parameter")
        weights.withUnsafeBufferPointer { weights in
            if let base = weights.baseAddress {
                (pass.decoder.weights.base + place.offset).update(from: base, count: place.count)
            }
        }
    }
}
