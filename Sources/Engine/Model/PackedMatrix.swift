/// A linear layer's weights in a compact form, which can restore any of its rows.
protocol PackedMatrix: Sendable {
    /// Outputs.
    var rows: Int { get }
    /// Inputs.
    var columns: Int { get }
    /// What the matrix's inputs are rounded to.
    var activations: ActivationType { get }
    /// Writes the rows as floats, [rows.count, columns].
    func dequantize(rows: Range<Int>, into target: UnsafeMutablePointer<Float>)
    /// The same weights in the order in which products read them.
    func panels() -> any PackedMatrix
    /// x [T, inputs] → y [T, rows.count] (+)= x·Wᵀ of some rows, the first of them a multiple of 32.
    func multiply(
        rows: Range<Int>, _ x: LinearOperand, into y: MatrixView, _ accumulation: MatrixMultiply.Accumulation)
}

extension PackedMatrix {
    var activations: ActivationType { .float }

    func panels() -> any PackedMatrix { self }

    /// By way of floats.
    func multiply(
        rows: Range<Int>, _ x: LinearOperand, into y: MatrixView, _ accumulation: MatrixMultiply.Accumulation
    ) {
        withUnsafeTemporaryAllocation(of: Float.self, capacity: rows.count * columns) { tile in
            guard let base = tile.baseAddress else { return }
            dequantize(rows: rows, into: base)
            MatrixMultiply.product(
                x.values(for: activations), transposed: MatrixView(base, rows.count, columns), into: y, accumulation)
        }
    }

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
    private var matrices: [Int: any PackedMatrix] = [:]

    init() {}

    /// - Throws: `ModelWeightsError` when a matrix is not one of the model's linear layers, or of another shape.
    init(_ named: [String: any PackedMatrix], model: Model) throws(ModelWeightsError) {
        for (name, matrix) in named.sorted(by: { $0.key < $1.key }) {
            let parameter = model.parameter(named: name)
            guard let parameter, parameter.role == .hiddenMatrix || parameter.role == .head,
                parameter.shape == [matrix.rows, matrix.columns]
            else {
                throw ModelWeightsError(name: name, expected: parameter?.count ?? 0, found: matrix.rows * matrix.columns)
            }
            matrices[parameter.offset] = matrix.panels()
        }
    }

    var isEmpty: Bool { matrices.isEmpty }

    /// All that some matrix's inputs are rounded to.
    var activations: Set<ActivationType> { Set(matrices.values.map(\.activations)) }

    subscript(offset: Int) -> (any PackedMatrix)? { matrices[offset] }
}
