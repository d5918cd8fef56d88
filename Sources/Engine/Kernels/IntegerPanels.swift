import CKernels

/// INT8 weights in panels of 32 outputs, for products with INT8 activations: sums of integers, exact whatever the processor.
///
/// Never written after its making, and so shared between threads.
final class IntegerPanels: WeightPanels, @unchecked Sendable {
    let rows: Int
    let columns: Int
    private let words: WordPanels
    private let wordsPerRow: Int
    /// −128·Σ codes of each output.
    private let offsets: [Int32]
    private let scales: [Float]

    var activations: ActivationType { .int8 }

    init(_ matrix: Int8Matrix) {
        (rows, columns) = (matrix.rows, matrix.columns)
        let rowWords = WordPanels.words(matrix.codes.map { UInt8(bitPattern: $0) }, rows: rows)
        wordsPerRow = (columns + 3) / 4
        words = WordPanels(rowWords, outputs: rows)
        let padded = (rows + WordPanels.outputs - 1) / WordPanels.outputs * WordPanels.outputs
        var offsets = [Int32](repeating: 0, count: padded)
        decant_int8_offsets(words.base, padded, wordsPerRow, &offsets)
        self.offsets = offsets
        scales = matrix.scales + [Float](repeating: 0, count: padded - rows)
    }

    func multiply(
        rows: Range<Int>, _ x: LinearOperand, into y: MatrixView, _ accumulation: MatrixMultiply.Accumulation
    ) {
        guard let integers = x.integers else { preconditionFailure("the operand was not made for INT8") }
        offsets.withUnsafeBufferPointer { offsets in
            scales.withUnsafeBufferPointer { scales in
                let panels = decant_int8_panels(
                    words: words.base, offsets: offsets.baseAddress, scales: scales.baseAddress, count: wordsPerRow)
                integers.withPointers { values, steps in
                    decant_int8_product(
                        values, integers.stride, steps, y.rows, panels, rows.lowerBound / WordPanels.outputs, rows.count,
                        y.base,
                        y.stride, accumulation == .adding ? 1 : 0, decant_has_vnni())
                }
            }
        }
    }

    func dequantize(rows: Range<Int>, into target: UnsafeMutablePointer<Float>) {
        for (place, row) in rows.enumerated() {
            for column in 0..<columns { target[place * columns + column] = Float(code(row, column)) * scales[row] }
        }
    }

    private func code(_ row: Int, _ column: Int) -> Int8 {
        let (panel, lane) = (row / WordPanels.outputs, row % WordPanels.outputs)
        let word = words.base[(panel * wordsPerRow + column / 4) * WordPanels.outputs + lane]
        return Int8(truncatingIfNeeded: word >> (column % 4 * 8))
    }
}
