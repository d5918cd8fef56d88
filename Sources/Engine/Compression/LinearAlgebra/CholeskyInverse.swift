import CKernels

/// L⁻¹ of the Cholesky factor L of a symmetric matrix A = L·Lᵀ: A⁻¹ = (L⁻¹)ᵀ·L⁻¹.
struct CholeskyInverse {
    let size: Int
    /// Row-major [size, size], its lower triangle alone.
    let values: [Double]

    private static let block = 64
    /// Rows that a worker takes at a time.
    private static let rows = 16

    /// `nil` where the matrix, given by its lower triangle, is not positive definite.
    init?(of matrix: [Double], size: Int, workers: WorkerPool) {
        var factor = matrix
        let isDefinite = factor.withUnsafeMutableBufferPointer { factor in
            factor.baseAddress.map { Self.factorize($0, size, workers) } ?? true
        }
        guard isDefinite else { return nil }
        var inverse = [Double](repeating: 0, count: size * size)
        let lanes = RowTile.lanes
        factor.withUnsafeBufferPointer { factor in
            inverse.withUnsafeMutableBufferPointer { inverse in
                guard let factor = factor.baseAddress, let inverse = inverse.baseAddress else { return }
                workers.forEachRange(size, size: lanes) { columns in
                    withUnsafeTemporaryAllocation(of: Double.self, capacity: size * lanes) { scratch in
                        guard let scratch = scratch.baseAddress else { return }
                        decant_triangle_inverse(factor, size, columns.lowerBound, scratch, inverse)
                    }
                }
            }
        }
        self.size = size
        values = inverse
    }

    /// A⁻¹ [size, size], symmetric. Every element is one dot product in a fixed order, so that no result depends on the workers.
    func inverse(workers: WorkerPool) -> [Double] {
        // Row j holds column j of L⁻¹, from its place j on.
        var columns = [Double](repeating: 0, count: size * size)
        for row in 0..<size { for column in 0...row { columns[column * size + row] = values[row * size + column] } }
        var inverse = [Double](repeating: 0, count: size * size)
        columns.withUnsafeBufferPointer { columns in
            inverse.withUnsafeMutableBufferPointer { inverse in
                guard let columns = columns.baseAddress, let inverse = inverse.baseAddress else { return }
                workers.forEach(size) { i in
                    for j in 0...i {
                        let element = decant_dot_double(columns + i * size + i, columns + j * size + i, size - i)
                        inverse[i * size + j] = element
                        inverse[j * size + i] = element
                    }
                }
            }
        }
        return inverse
    }

    private static func factorize(_ a: UnsafeMutablePointer<Double>, _ size: Int, _ workers: WorkerPool) -> Bool {
        for start in stride(from: 0, to: size, by: block) {
            let count = min(block, size - start)
            workers.forEachRange(size - start, size: rows) {
                decant_cholesky_prepare(a, size, start, count, start + $0.lowerBound, start + $0.upperBound)
            }
            guard decant_cholesky_diagonal(a, size, start, count) == 1 else { return false }
            let below = start + count
            workers.forEachRange(size - below, size: rows) {
                decant_cholesky_solve(a, size, start, count, below + $0.lowerBound, below + $0.upperBound)
            }
        }
        return true
    }
}

/// Products of matrices in double precision.
enum DoubleProduct {
    /// a [rows, depth]·b [depth, columns]; every element is summed over the depth in its order.
    static func product(
        _ a: [Double], _ b: [Double], rows: Int, depth: Int, columns: Int, workers: WorkerPool
    ) -> [Double] {
        var c = [Double](repeating: 0, count: rows * columns)
        a.withUnsafeBufferPointer { a in
            b.withUnsafeBufferPointer { b in
                c.withUnsafeMutableBufferPointer { c in
                    guard let a = a.baseAddress, let b = b.baseAddress, let c = c.baseAddress else { return }
                    workers.forEachRange(rows, size: 16) { rows in
                        // All rows of a block take the same row of b while it is at hand.
                        for k in 0..<depth {
                            for row in rows {
                                let factor = a[row * depth + k]
                                if factor != 0 { decant_add_scaled_double(c + row * columns, factor, b + k * columns, columns) }
                            }
                        }
                    }
                }
            }
        }
        return c
    }

    /// a [rows, n]·x [n].
    static func timesVector(_ a: [Double], _ x: ArraySlice<Double>, rows: Int, workers: WorkerPool) -> [Double] {
        var y = [Double](repeating: 0, count: rows)
        a.withUnsafeBufferPointer { a in
            x.withUnsafeBufferPointer { x in
                y.withUnsafeMutableBufferPointer { y in
                    guard let a = a.baseAddress, let vector = x.baseAddress else { return }
                    workers.forEachRange(rows, size: 64) { rows in
                        for row in rows { y[row] = decant_dot_double(a + row * x.count, vector, x.count) }
                    }
                }
            }
        }
        return y
    }
}

/// Sixteen rows of a matrix side by side, a lane each, in double precision: what is rounded, or weighed, at a time.
///
/// Rows are independent of each other, so that tiles may go to any thread. Lanes beyond the last row are zero.
enum RowTile {
    static let lanes = Int(decant_rounding_lanes)

    /// Calls `body` with the rows of each tile.
    static func forEach(rows: Int, workers: WorkerPool, _ body: (Range<Int>) -> Void) {
        workers.forEachRange(rows, size: lanes, body)
    }

    /// Fills a tile [order.count, 16] with some rows of a matrix, columns in this order.
    static func load(
        _ rows: Range<Int>, of matrix: [Float], order: some Sequence<Int>, columns: Int,
        into tile: UnsafeMutablePointer<Double>
    ) {
        for (place, column) in order.enumerated() {
            let target = tile + place * lanes
            for lane in 0..<lanes {
                target[lane] = lane < rows.count ? Double(matrix[(rows.lowerBound + lane) * columns + column]) : 0
            }
        }
    }

    /// tile [count, 16] −= Σ over `terms` of factors [terms, 16] · the term's row of `matrix`, from its column `first` on.
    static func subtract(
        _ terms: UnsafeBufferPointer<Int32>, _ factors: UnsafePointer<Double>, of matrix: UnsafePointer<Double>, stride: Int,
        first: Int, count: Int, from tile: UnsafeMutablePointer<Double>
    ) {
        guard let rows = terms.baseAddress, count > 0 else { return }
        decant_tile_subtract(tile, factors, matrix + first, rows, stride, terms.count, count)
    }
}
