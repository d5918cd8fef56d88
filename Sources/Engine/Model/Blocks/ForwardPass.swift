/// A pass through the blocks of a model: over whole sequences, as in training, or a step of decoding.
protocol ForwardPass {
    var layout: DecoderLayout { get }
    var rotary: RotaryTable { get }
    var workers: WorkerPool { get }
    /// Rows that a worker takes at a time where rows are independent.
    static var rowBlock: Int { get }

    /// The weights of a norm or a bias.
    func vector(at offset: Int) -> UnsafePointer<Float>
    /// x [T, in] → y [T, out] (+)= x·Wᵀ
    func multiply(_ x: MatrixView, by map: LinearMap, into y: MatrixView, _ accumulation: MatrixMultiply.Accumulation)
}

extension ForwardPass {
    var configuration: ModelConfiguration { layout.configuration }

    func forEachRows(_ count: Int, _ body: (Range<Int>) -> Void) {
        workers.forEachRange(count, size: Self.rowBlock, body)
    }
}

extension Decoder: ForwardPass {
    /// Sums over all rows are made of sums over such blocks, so that it is part of their results.
    static let rowBlock = 32
    /// Outputs of a packed matrix that a worker takes at a time: whole panels.
    private static let tileRows = 64

    func vector(at offset: Int) -> UnsafePointer<Float> { UnsafePointer(weights.base + offset) }

    /// The matrices of a float model are multiplied as one.
    func multiply(_ x: MatrixView, by map: LinearMap, into y: MatrixView, _ accumulation: MatrixMultiply.Accumulation) {
        if packed.isEmpty {
            return MatrixMultiply.product(
                x, transposed: map.view(of: weights), into: y, accumulation, on: workers, in: products)
        }
        let matrices = map.outputs.indices.map { map.matrix($0) }
        let types = matrices.compactMap { packed[$0.offset]?.activations }
        let operand = LinearOperand(x, for: Set(types), workers: workers)
        var column = 0
        for matrix in matrices {
            let target = y.columns(from: column, count: matrix.rows)
            if let panels = packed[matrix.offset] {
                workers.forEachRange(matrix.rows, size: Self.tileRows) { rows in
                    panels.multiply(
                        rows: rows, operand, into: target.columns(from: rows.lowerBound, count: rows.count), accumulation)
                }
            } else {
                MatrixMultiply.product(
                    x, transposed: matrix.view(of: weights), into: target, accumulation, on: workers, in: products)
            }
            column += matrix.rows
        }
    }

    /// y = x·Wᵀ: dy [T, out] → the gradients of the weights, and dx [T, in].
    func multiplyBackward(_ dy: MatrixView, by map: LinearMap, _ x: MatrixView, into dx: MatrixView, _ gradients: Gradients) {
        gradients.addProduct(dy, x, at: map.offset, on: workers, in: products)
        MatrixMultiply.product(dy, map.view(of: weights), into: dx, on: workers, in: products)
    }
}
