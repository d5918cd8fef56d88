import CKernels

/// A pass through the blocks of a model: over whole sequences, as in training, or a step of decoding.
protocol ForwardPass {
    var layout: DecoderLayout { get }
    var rotary: RotaryTables { get }
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
    /// What is added to the stored weights of norms.
    var normShift: Float { configuration.family.normShift }

    func forEachRows(_ count: Int, _ body: (Range<Int>) -> Void) {
        workers.forEachRange(count, size: Self.rowBlock, body)
    }
}

extension Decoder: ForwardPass {
    /// Sums over all rows add up sums over blocks of this size, so the size is part of the results.
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

extension ForwardPass {
    /// x [rows, D] → norm [rows, D] = x·w/rms(x), and 1/rms per row; `weight` is the norm's offset. Copies x to `copy`, the
    /// start of a sum, where there is one.
    func normForward(
        _ x: UnsafeMutablePointer<Float>, rows: Int, weight: Int, into norm: UnsafeMutablePointer<Float>,
        inverse: UnsafeMutablePointer<Float>, copy: UnsafeMutablePointer<Float>? = nil
    ) {
        let hidden = configuration.hiddenSize
        let epsilon = Float(configuration.normEpsilon)
        forEachRows(rows) { block in
            let at = block.lowerBound * hidden
            decant_rmsnorm(
                x + at, vector(at: weight), normShift, norm + at, inverse + block.lowerBound, block.count, hidden, epsilon)
            if let copy { (copy + at).update(from: x + at, count: block.count * hidden) }
        }
    }
}

extension Decoder {
    /// x and the 1/rms of its rows → norm [rows, D] again.
    func normAgain(
        _ x: UnsafeMutablePointer<Float>, block: Range<Int>, weight: Int, into norm: UnsafeMutablePointer<Float>,
        inverse: UnsafeMutablePointer<Float>
    ) {
        let at = block.lowerBound * configuration.hiddenSize
        decant_rmsnorm_again(
            x + at, weights.base + weight, normShift, inverse + block.lowerBound, norm + at, block.count,
            configuration.hiddenSize)
    }

    /// dNorm [rows, D] → adds to dx [rows, D].
    func normBackward(
        _ x: UnsafeMutablePointer<Float>, rows: Int, weight: Int, inverse: UnsafeMutablePointer<Float>,
        dNorm: UnsafeMutablePointer<Float>, dx: UnsafeMutablePointer<Float>, _ a: Activations, _ gradients: Gradients
    ) {
        let hidden = configuration.hiddenSize
        forEachRows(rows) { block in
            let at = block.lowerBound * hidden
            decant_rmsnorm_backward(
                x + at, weights.base + weight, normShift, inverse + block.lowerBound, dNorm + at, dx + at,
                a.partialSums + block.lowerBound / Decoder.rowBlock * hidden, block.count, hidden)
        }
        addPartialSums(rows: rows, columns: hidden, to: weight, a, gradients)
    }

    /// The sums over blocks of rows, in their order, become the gradient of the vector at `offset`.
    func addPartialSums(rows: Int, columns: Int, to offset: Int, _ a: Activations, _ gradients: Gradients) {
        let blocks = (rows + Decoder.rowBlock - 1) / Decoder.rowBlock
        guard let gradient = gradients.weights(at: offset) else { return }
        decant_sum_rows(a.partialSums, gradient, blocks, columns, gradients.isAdding ? 1 : 0)
    }
}
