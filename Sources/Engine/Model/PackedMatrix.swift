/// A linear layer's weights in a compact form, which can restore any of its rows.
protocol PackedMatrix: Sendable {
    /// Outputs.
    var rows: Int { get }
    /// Inputs.
    var columns: Int { get }
    /// Writes the rows as floats, [rows.count, columns].
    func dequantize(rows: Range<Int>, into target: UnsafeMutablePointer<Float>)
}

extension PackedMatrix {
    /// The weights, row-major [rows, columns].
    func dequantized() -> [Float] {
        [Float](unsafeUninitializedCapacity: rows * columns) { buffer, initialized in
            if let weights = buffer.baseAddress { dequantize(rows: 0..<rows, into: weights) }
            initialized = rows * columns
        }
    }
}

/// The linear layers of a model that are packed, in panels; the others are multiplied by their floats.
struct PackedWeights: Sendable {
    /// By the parameter's offset.
    private var matrices: [Int: any WeightPanels] = [:]

    init() {}

    /// - Throws: `ModelWeightsError` when a matrix is not one of the model's linear layers, or of another shape.
    init(_ named: [String: any WeightPanels], model: Model) throws(ModelWeightsError) {
        for (name, matrix) in named.sorted(by: { $0.key < $1.key }) {
            let parameter = model.parameter(named: name)
            guard let parameter, parameter.role == .hiddenMatrix || parameter.role == .head,
                parameter.shape == [matrix.rows, matrix.columns]
            else {
                throw ModelWeightsError(name: name, expected: parameter?.count ?? 0, found: matrix.rows * matrix.columns)
            }
            matrices[parameter.offset] = matrix
        }
    }

    var isEmpty: Bool { matrices.isEmpty }

    subscript(offset: Int) -> (any WeightPanels)? { matrices[offset] }
}
