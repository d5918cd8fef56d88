/// How weights become integers.
package enum WeightRounding: Hashable, Sendable {
    /// Each by itself, to nearest.
    case nearest
    /// - Parameters:
    ///   - damping: share of H's mean diagonal that is added to the diagonal.
    ///   - activationOrder: whether columns are taken by falling diagonal of H.
    case gptq(damping: Double, activationOrder: Bool)
    /// Codes of GPTQ in activation order, improved by coordinate descent; the damping is that of both.
    case quantEase(damping: Double, iterations: Int)

    /// Whether codes depend on what the modules read.
    package var needsStatistics: Bool { self != .nearest }
}

/// A rounding made ready for all modules that read one input.
struct PreparedRounding {
    private let statistics: InputStatistics
    private let gptq: GPTQ?
    private let quantEase: QuantEase?
    private let workers: WorkerPool

    /// - Parameter name: of the input, in errors.
    init(
        _ rounding: WeightRounding, _ statistics: InputStatistics, name: String, workers: WorkerPool
    ) throws(QuantizationError) {
        self.statistics = statistics
        self.workers = workers
        switch rounding {
        case .nearest: (gptq, quantEase) = (nil, nil)
        case .gptq(let damping, let activationOrder):
            gptq = try GPTQ(
                damped: statistics.damped(damping), width: statistics.width, activationOrder: activationOrder, name: name,
                workers: workers)
            quantEase = nil
        case .quantEase(let damping, let iterations):
            let damped = statistics.damped(damping)
            gptq = try GPTQ(damped: damped, width: statistics.width, activationOrder: true, name: name, workers: workers)
            quantEase = QuantEase(products: damped, width: statistics.width, iterations: iterations)
        }
    }

    /// The codes of weights that were checked, row-major [rows, width].
    func codes(of weights: [Float], rows: Int, grid: IntegerQuantization) -> IntegerCodes {
        guard let gptq else { return grid.nearest(weights, rows: rows, columns: statistics.width) }
        var codes = gptq.round(weights, rows: rows, to: grid, workers: workers)
        quantEase?.improve(&codes, of: weights, grid: grid, workers: workers)
        return codes
    }

    func error(of approximation: [Float], to weights: [Float], rows: Int) -> Double {
        statistics.reconstructionError(of: approximation, to: weights, rows: rows, workers: workers)
    }
}
