import CKernels

/// Inverses of symmetric positive definite matrices, in double precision.
///
/// Every element is one dot product of rows in a fixed order, so that no result depends on the workers.
enum PositiveInverse {
    /// Columns that are solved for between two meetings of the workers.
    private static let block = 64

    /// a [n, n] → a⁻¹ [n, n]; `nil` where `a` is not positive definite.
    static func inverse(of a: [Double], size n: Int, workers: WorkerPool) -> [Double]? {
        var factor = a
        guard factorize(&factor, size: n, workers: workers) else { return nil }
        // Row j holds column j of L⁻¹, from its place j on.
        var columns = [Double](repeating: 0, count: n * n)
        var inverse = columns
        factor.withUnsafeBufferPointer { factor in
            columns.withUnsafeMutableBufferPointer { columns in
                inverse.withUnsafeMutableBufferPointer { inverse in
                    guard let l = factor.baseAddress, let m = columns.baseAddress, let result = inverse.baseAddress else {
                        return
                    }
                    workers.forEach(n) { j in
                        let column = m + j * n
                        column[j] = 1 / l[j * n + j]
                        for i in j + 1..<max(n, j + 1) {
                            column[i] = -decant_dot_double(l + i * n + j, column + j, i - j) / l[i * n + i]
                        }
                    }
                    workers.forEach(n) { i in
                        for j in 0...i {
                            let value = decant_dot_double(m + i * n + i, m + j * n + i, n - i)
                            result[i * n + j] = value
                            result[j * n + i] = value
                        }
                    }
                }
            }
        }
        return inverse
    }

    /// a [n, n] → its Cholesky factor L in the lower triangle (a = L·Lᵀ); `false` where a pivot is not positive.
    static func factorize(_ a: inout [Double], size n: Int, workers: WorkerPool) -> Bool {
        a.withUnsafeMutableBufferPointer { a in
            guard let a = a.baseAddress else { return true }
            for start in stride(from: 0, to: n, by: block) {
                let columns = start..<min(n, start + block)
                for i in columns {
                    solve(row: i, for: start..<i, in: a, size: n)
                    let pivot = a[i * n + i] - decant_dot_double(a + i * n, a + i * n, i)
                    guard pivot > 0, pivot.isFinite else { return false }
                    a[i * n + i] = pivot.squareRoot()
                }
                workers.forEachRange(n - columns.upperBound, size: 16) { rows in
                    for row in rows { solve(row: columns.upperBound + row, for: columns, in: a, size: n) }
                }
            }
            return true
        }
    }

    /// One row's elements in some columns, whose own rows are solved.
    private static func solve(row i: Int, for columns: Range<Int>, in a: UnsafeMutablePointer<Double>, size n: Int) {
        for j in columns {
            a[i * n + j] = (a[i * n + j] - decant_dot_double(a + i * n, a + j * n, j)) / a[j * n + j]
        }
    }
}
