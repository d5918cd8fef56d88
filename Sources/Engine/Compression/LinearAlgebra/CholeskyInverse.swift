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
