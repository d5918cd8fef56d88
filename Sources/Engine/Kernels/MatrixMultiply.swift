import CKernels

/// Matrix products, cut over the output among workers.
///
/// An element of a result depends on its row of the one operand and its column of the other alone: not on the rest of the
/// call, nor on the width of the processor's vectors. So the cut may go by the number of threads.
enum MatrixMultiply {
    enum Accumulation {
        case replacing
        case adding
    }

    /// c[m, n] (+)= a[m, k]·b[k, n]
    static func product(
        _ a: MatrixView, _ b: MatrixView, into c: MatrixView, _ accumulation: Accumulation = .replacing,
        on workers: WorkerPool = .caller, in precision: ProductPrecision = .float32
    ) {
        multiply(Operand(a), Operand(b), c, depth: a.columns, accumulation, workers, precision)
    }

    /// c[m, n] (+)= a[m, k]·b[n, k]ᵀ
    static func product(
        _ a: MatrixView, transposed b: MatrixView, into c: MatrixView, _ accumulation: Accumulation = .replacing,
        on workers: WorkerPool = .caller, in precision: ProductPrecision = .float32
    ) {
        multiply(Operand(a), Operand(transposed: b), c, depth: a.columns, accumulation, workers, precision)
    }

    /// c[m, n] (+)= a[k, m]ᵀ·b[k, n]
    static func product(
        transposed a: MatrixView, _ b: MatrixView, into c: MatrixView, _ accumulation: Accumulation = .replacing,
        on workers: WorkerPool = .caller, in precision: ProductPrecision = .float32
    ) {
        multiply(Operand(transposed: a), Operand(b), c, depth: a.rows, accumulation, workers, precision)
    }

    private struct Operand {
        let base: UnsafeMutablePointer<Float>
        let stride: Int
        let isTransposed: Bool

        init(_ matrix: MatrixView) { (base, stride, isTransposed) = (matrix.base, matrix.stride, false) }

        init(transposed matrix: MatrixView) { (base, stride, isTransposed) = (matrix.base, matrix.stride, true) }

        func from(row: Int) -> decant_matmul_operand { at(base + row * (isTransposed ? 1 : stride)) }

        func from(column: Int) -> decant_matmul_operand { at(base + column * (isTransposed ? stride : 1)) }

        private func at(_ base: UnsafeMutablePointer<Float>) -> decant_matmul_operand {
            decant_matmul_operand(base: base, stride: stride, transposed: isTransposed ? 1 : 0)
        }
    }

    private static func multiply(
        _ a: Operand, _ b: Operand, _ c: MatrixView, depth: Int, _ accumulation: Accumulation, _ workers: WorkerPool,
        _ precision: ProductPrecision
    ) {
        let (kernel, prefersRows) =
            switch precision.factors {
            case .float32: (decant_matmul, a.isTransposed)
            // Every tile rounds the operand that is not cut: better the smaller one.
            case .bfloat16: (decant_matmul_bfloat16, c.rows > c.columns)
            }
        let tiles = MatrixTiles(
            rows: c.rows, columns: c.columns, depth: depth, threads: workers.threads, prefersRows: prefersRows)
        workers.forEach(tiles.count) { index in
            let (rows, columns) = tiles[index]
            kernel(
                a.from(row: rows.lowerBound), b.from(column: columns.lowerBound),
                c.base + rows.lowerBound * c.stride + columns.lowerBound, c.stride, rows.count, columns.count, depth,
                accumulation == .adding ? 1 : 0)
        }
    }
}
