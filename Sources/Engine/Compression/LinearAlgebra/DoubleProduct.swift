import CKernels

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
