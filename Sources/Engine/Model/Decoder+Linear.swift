extension Decoder {
    /// Rows of a packed matrix that are restored at a time.
    private static let tileRows = 64

    /// x [T, in] → y [T, out] (+)= x·Wᵀ, where W are the matrices of `outputs` rows each that lie one behind the other from
    /// `offset` on. Adjacent matrices of floats are multiplied as one.
    func linearForward(
        _ offset: Int, outputs: [Int], _ x: MatrixView, into y: MatrixView, _ accumulation: MatrixMultiply.Accumulation = .replacing
    ) {
        guard packed[offset] != nil else {
            let matrix = MatrixView(weights.base + offset, y.columns, x.columns)
            return MatrixMultiply.product(x, transposed: matrix, into: y, accumulation)
        }
        var row = 0
        for count in outputs {
            guard let matrix = packed[offset + row * x.columns] else { continue }
            packedForward(matrix, x, into: y.columns(from: row, count: count), accumulation)
            row += count
        }
    }

    private func packedForward(
        _ matrix: any PackedMatrix, _ x: MatrixView, into y: MatrixView, _ accumulation: MatrixMultiply.Accumulation
    ) {
        withUnsafeTemporaryAllocation(of: Float.self, capacity: Decoder.tileRows * matrix.columns) { tile in
            guard let base = tile.baseAddress else { return }
            for first in stride(from: 0, to: matrix.rows, by: Decoder.tileRows) {
                let rows = first..<min(first + Decoder.tileRows, matrix.rows)
                matrix.dequantize(rows: rows, into: base)
                MatrixMultiply.product(
                    x, transposed: MatrixView(base, rows.count, matrix.columns),
                    into: y.columns(from: first, count: rows.count), accumulation)
            }
        }
    }
}
