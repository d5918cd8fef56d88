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
        var row = 0
        let parts = outputs.map { count in
            defer { row += count }
            return (row: row, count: count, matrix: packed[offset + row * x.columns])
        }
        let operand = LinearOperand(x, for: Set(parts.compactMap { $0.matrix?.activations }), workers: workers)
        for (row, count, matrix) in parts {
            let target = y.columns(from: row, count: count)
            if let matrix {
                packedForward(matrix, operand, into: target, accumulation)
            } else {
                let matrix = MatrixView(weights.base + offset + row * x.columns, count, x.columns)
                MatrixMultiply.product(x, transposed: matrix, into: target, accumulation, on: workers, in: products)
            }
        }
    }

    private func packedForward(
        _ matrix: any WeightPanels, _ operand: LinearOperand, into y: MatrixView, _ accumulation: MatrixMultiply.Accumulation
    ) {
        workers.forEachRange(matrix.rows, size: Decoder.tileRows) { rows in
            matrix.multiply(rows: rows, operand, into: y.columns(from: rows.lowerBound, count: rows.count), accumulation)
        }
    }
}
