/// The modules of a model on their way into few bits, in the order in which the model computes them.
struct LayerByLayer {
    private let quantization: ModelQuantization
    private let source: (any StatisticsSource)?
    /// What smoothing divided the inputs by.
    private let divisors: SmoothQuant.Divisors
    private var prepared: (place: LinearPlace, rounding: PreparedRounding)?
    private(set) var layers: [QuantizationReport.Layer] = []

    init(_ quantization: ModelQuantization, source: (any StatisticsSource)?, divisors: SmoothQuant.Divisors) {
        self.quantization = quantization
        self.source = source
        self.divisors = divisors
    }

    /// Replaces a module's weight by what is stored for it. Outside the layers there are no statistics, and weights are rounded
    /// to nearest.
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
