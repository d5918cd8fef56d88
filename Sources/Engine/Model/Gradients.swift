import CKernels

/// Where a backward pass leaves its gradients. The memory has the layout of the trained values.
///
/// Only trained values have a gradient. With adapters, these are the adapters' factors alone.
struct Gradients {
    /// The factors beside the model's matrices.
    struct Adapters {
        let layout: AdapterLayout
        let values: FloatBuffer
    }

    /// The first of several passes replaces the old values, so nothing must be cleared.
    let accumulation: MatrixMultiply.Accumulation
    private let base: UnsafeMutablePointer<Float>
    private let adapters: Adapters?

    init(base: UnsafeMutablePointer<Float>, adapters: Adapters? = nil, accumulation: MatrixMultiply.Accumulation) {
        (self.base, self.adapters, self.accumulation) = (base, adapters, accumulation)
    }

    var isAdding: Bool { accumulation == .adding }

    /// The gradient of the model's weights at `offset`; `nil` where they are not trained.
    func weights(at offset: Int) -> UnsafeMutablePointer<Float>? { adapters == nil ? base + offset : nil }

    /// y = x·Wᵀ for the matrices W that lie one behind the other from `offset` on: from dy [T, out] and x [T, in], the gradient
    /// dyᵀ·x of the matrices, or of the factors beside them.
    func addProduct(
        _ dy: MatrixView, _ x: MatrixView, at offset: Int, on workers: WorkerPool, in products: ProductPrecision
    ) {
        guard let adapters else {
            let matrix = MatrixView(base + offset, dy.columns, x.columns)
            return MatrixMultiply.product(transposed: dy, x, into: matrix, accumulation, on: workers, in: products)
        }
        for pair in adapters.layout.pairs(in: offset..<offset + dy.columns * x.columns) {
            let row = (pair.matrix.offset - offset) / x.columns
            addFactors(dy.columns(from: row, count: pair.matrix.shape[0]), x, pair, adapters, on: workers)
        }
    }

    /// With s = alpha / rank: dB (+)= dyᵀ·(s·x·Aᵀ), dA (+)= (s·dy·B)ᵀ·x.
    private func addFactors(
        _ dy: MatrixView, _ x: MatrixView, _ pair: AdapterLayout.Pair, _ adapters: Adapters, on workers: WorkerPool
    ) {
        let rank = adapters.layout.adaptation.rank
        let scale = adapters.layout.adaptation.scale
        let narrow = FloatBuffer(count: 2 * x.rows * rank)
        withExtendedLifetime((narrow, adapters.values)) {
            let down = MatrixView(narrow.base, x.rows, rank)
            let back = MatrixView(narrow.base + x.rows * rank, x.rows, rank)
            let a = MatrixView(adapters.values.base + pair.a.offset, rank, x.columns)
            let b = MatrixView(adapters.values.base + pair.b.offset, dy.columns, rank)
            MatrixMultiply.product(x, transposed: a, into: down, on: workers)
            MatrixMultiply.product(dy, b, into: back, on: workers)
            decant_scale(narrow.base, scale, narrow.count)
            MatrixMultiply.product(
                transposed: dy, down, into: MatrixView(base + pair.b.offset, dy.columns, rank), accumulation, on: workers)
            MatrixMultiply.product(
                transposed: back, x, into: MatrixView(base + pair.a.offset, rank, x.columns), accumulation, on: workers)
        }
    }
}
