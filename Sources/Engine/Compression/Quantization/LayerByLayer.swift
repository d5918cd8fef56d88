/// Quantizes a model's modules in the order in which the model computes them.
struct LayerByLayer {
    private let quantization: ModelQuantization
    private let source: (any StatisticsSource)?
    /// The divisors of smoothing.
    private let divisors: SmoothQuant.Divisors
    private var prepared: (place: LinearPlace, rounding: PreparedRounding)?
    private(set) var layers: [QuantizationReport.Layer] = []

    init(_ quantization: ModelQuantization, source: (any StatisticsSource)?, divisors: SmoothQuant.Divisors) {
        (self.quantization, self.source, self.divisors) = (quantization, source, divisors)
    }

    /// Replaces a module's weight by its quantized tensors. Outside the layers there are no statistics: weights are rounded to
    /// nearest.
    mutating func quantize(_ parameter: Parameter, in tensors: inout [String: StoredTensor]) throws {
        let (name, module) = (parameter.name, parameter.module)
        guard let tensor = tensors[name], let weights = tensor.floats() else {
            throw QuantizationError(
                "\(name) holds \(tensors[name]?.elementType.rawValue ?? "nothing") where floats are expected.")
        }
        let (rows, columns) = (tensor.shape[0], tensor.shape[1])
        let rounding = try parameter.place.flatMap { try self.rounding(at: $0) }
        let matrix = try packed(weights, rows: rows, columns: columns, name: name, rounding)
        let approximation = matrix.dequantized()
        source?.replace(name, with: approximation)
        tensors[name] = nil
        tensors.merge(matrix.storedTensors(module: module)) { _, new in new }
        layers.append(
            QuantizationReport.Layer(
                name: module, rows: rows, columns: columns,
                relativeError: QuantizationReport.relativeError(of: approximation, to: weights),
                reconstructionError: rounding?.error(of: approximation, to: weights, rows: rows),
                bytesBefore: tensor.bytes.count, bytesAfter: matrix.byteCount))
    }

    /// One input at a time is ready.
    private mutating func rounding(at place: LinearPlace) throws -> PreparedRounding? {
        guard let source else { return nil }
        if let prepared, prepared.place == place { return prepared.rounding }
        prepared = nil
        var statistics = try source.statistics(of: place.input, layer: place.layer)
        if let divisors = divisors[place] { statistics = statistics.divided(by: divisors) }
        let rounding = try PreparedRounding(
            quantization.rounding, statistics, name: "\(place.input.rawValue) of layer \(place.layer)",
            workers: quantization.workers)
        prepared = (place, rounding)
        return rounding
    }

    /// The weights in the scheme's layout.
    private func packed(
        _ weights: [Float], rows: Int, columns: Int, name: String, _ rounding: PreparedRounding?
    ) throws(QuantizationError) -> any StoredMatrix {
        let grid = quantization.scheme.grid ?? .channels
        try grid.check(weights, rows: rows, columns: columns, name: name)
        if quantization.scheme == .float8 { return Float8Matrix(rounding: weights, rows: rows, columns: columns) }
        let codes = rounding?.codes(of: weights, rows: rows, grid: grid) ?? grid.nearest(weights, rows: rows, columns: columns)
        if quantization.scheme == .int8 { return Int8Matrix(codes) }
        return QuantizedMatrix(codes, bits: grid.bits)
    }
}

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

/// A rounding that is prepared for all modules that read one input.
struct PreparedRounding {
    private let statistics: InputStatistics
    private let gptq: GPTQ?
    private let quantEase: QuantEase?
    private let workers: WorkerPool

    /// - Parameter name: of the input, in errors.
    init(
        _ rounding: WeightRounding, _ statistics: InputStatistics, name: String, workers: WorkerPool
    ) throws(QuantizationError) {
        (self.statistics, self.workers) = (statistics, workers)
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
