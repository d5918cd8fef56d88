extension Decoder {
    /// Outputs of a packed matrix that a worker takes at a time: whole panels.
    private static let tileRows = 64

    /// x [T, in] → y [T, out] (+)= x·Wᵀ, where W are the matrices of `outputs` rows each that lie one behind the other from
    /// `offset` on. Those of a float model are multiplied as one.
    func linearForward(
        _ offset: Int, outputs: [Int], _ x: MatrixView, into y: MatrixView,
        _ accumulation: MatrixMultiply.Accumulation = .replacing
    ) {
        if packed.isEmpty {
            let matrix = MatrixView(weights.base + offset, y.columns, x.columns)
            return MatrixMultiply.product(x, transposed: matrix, into: y, accumulation, on: workers, in: products)
        }
        let operand = LinearOperand(x, for: packed.activations, workers: workers)
        var row = 0
        for count in outputs {
            let start = offset + row * x.columns
            let part = y.columns(from: row, count: count)
            if let matrix = packed[start] {
                packedForward(matrix, operand, into: part, accumulation)
            } else {
                let matrix = MatrixView(weights.base + start, count, x.columns)
                MatrixMultiply.product(x, transposed: matrix, into: part, accumulation, on: workers, in: products)
            }
            row += count
        }
    }

    private func packedForward(
        _ matrix: any PackedMatrix, _ operand: LinearOperand, into y: MatrixView, _ accumulation: MatrixMultiply.Accumulation
    ) {
        workers.forEachRange(matrix.rows, size: Decoder.tileRows) { rows in
            matrix.multiply(rows: rows, operand, into: y.columns(from: rows.lowerBound, count: rows.count), accumulation)
        }
    }
}
