import CKernels

/// The packed weights of a linear layer in the order in which products read them.
protocol WeightPanels: PackedMatrix {
    /// The type that inputs are rounded to.
    var activations: ActivationType { get }
    /// x [T, inputs] → y [T, rows.count] (+)= x·Wᵀ of some rows, the first of them a multiple of `WordPanels.outputs`.
    ///
    /// - Parameter x: made for these `activations`, among others.
    func multiply(
        rows: Range<Int>, _ x: LinearOperand, into y: MatrixView, _ accumulation: MatrixMultiply.Accumulation)
}

/// 32-bit words of a matrix in panels of 32 outputs, so that a pass over a panel reads memory in order.
///
/// It is not written after its creation. `base` is valid while the object lives.
final class WordPanels {
    /// Outputs of a panel.
    static let outputs = Int(decant_panel_columns)

    let base: UnsafePointer<UInt32>
    private let memory: FloatBuffer

    /// - Parameter words: the same number for each output.
    init(_ words: [UInt32], outputs: Int) {
        let perOutput = words.count / max(1, outputs)
        let memory = FloatBuffer(count: (outputs + Self.outputs - 1) / Self.outputs * Self.outputs * perOutput)
        words.withUnsafeBytes { words in
            // The words are only moved, and never computed with as floats.
            if let words = words.assumingMemoryBound(to: Float.self).baseAddress {
                decant_panels_pack(words, perOutput, outputs, perOutput, memory.base)
            }
        }
        self.memory = memory
        base = UnsafeRawPointer(memory.base).assumingMemoryBound(to: UInt32.self)
    }

    /// Bytes of rows, padded with zeros to whole words.
    static func words(_ bytes: [UInt8], rows: Int) -> [UInt32] {
        let perRow = bytes.count / max(1, rows)
        let wordsPerRow = (perRow + 3) / 4
        return [UInt32](unsafeUninitializedCapacity: rows * wordsPerRow) { words, count in
            count = rows * wordsPerRow
            words.update(repeating: 0)
            let target = UnsafeMutableRawBufferPointer(words)
            bytes.withUnsafeBytes { bytes in
                for row in 0..<rows {
                    UnsafeMutableRawBufferPointer(rebasing: target[4 * row * wordsPerRow..<4 * row * wordsPerRow + perRow])
                        .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[row * perRow..<(row + 1) * perRow]))
                }
            }
        }
    }
}

/// The weights of a linear layer as codes in panels of 32 outputs, which products read directly.
///
/// Every product equals, bit by bit, the product with the floats that the codes stand for. It is not written after its
/// creation, so threads share it.
final class CodedPanels: WeightPanels, @unchecked Sendable {
    let rows: Int
    let columns: Int
    let activations: ActivationType
    private let words: WordPanels
    private let scales: FloatBuffer
    private let codes: decant_codes
    private let groupSize: Int

    /// - Parameters:
    ///   - words: the codes of each output, the lowest bits first.
    ///   - scales: [rows, columns / groupSize]; empty for codes without scales.
    init(
        _ codes: decant_codes, words: [UInt32], scales: [Float], rows: Int, columns: Int, groupSize: Int,
        activations: ActivationType = .float
    ) {
        (self.codes, self.rows, self.columns, self.groupSize, self.activations) = (codes, rows, columns, groupSize, activations)
        self.words = WordPanels(words, outputs: rows)
        self.scales = Self.panels(scales, outputs: rows)
    }

    /// [outputs, groups] → for each panel [groups, 32]
    private static func panels(_ scales: [Float], outputs: Int) -> FloatBuffer {
        let (groups, panel) = (scales.count / max(1, outputs), WordPanels.outputs)
        let buffer = FloatBuffer(count: (outputs + panel - 1) / panel * panel * groups)
        for output in 0..<outputs {
            for group in 0..<groups {
                buffer.base[(output / panel * groups + group) * panel + output % panel] = scales[output * groups + group]
            }
        }
        return buffer
    }

    private var kernelPanels: decant_coded_panels {
        decant_coded_panels(
            codes: codes, words: words.base, scales: scales.count == 0 ? nil : UnsafePointer(scales.base), depth: columns,
            group: groupSize)
    }

    func multiply(
        rows: Range<Int>, _ x: LinearOperand, into y: MatrixView, _ accumulation: MatrixMultiply.Accumulation
    ) {
        let x = x.values(for: activations)
        decant_coded_product(
            x.base, x.stride, kernelPanels, rows.lowerBound / WordPanels.outputs, y.base, y.stride, x.rows, rows.count,
            accumulation == .adding ? 1 : 0, decant_vectors())
    }

    func dequantize(rows: Range<Int>, into target: UnsafeMutablePointer<Float>) {
        decant_coded_rows(kernelPanels, rows.lowerBound, rows.count, target, decant_vectors())
    }
}

extension CodedPanels {
    /// Floats as bfloat16, in half the memory; `nil` where bfloat16 does not hold every float exactly.
    ///
    /// - Parameter floats: [rows, columns]
    convenience init?(exactly floats: UnsafePointer<Float>, rows: Int, columns: Int) {
        for index in 0..<rows * columns where floats[index].bitPattern & 0xFFFF != 0 { return nil }
        let perRow = (columns + 1) / 2
        var words = [UInt32](repeating: 0, count: rows * perRow)
        for row in 0..<rows {
            for column in 0..<columns {
                let bits = floats[row * columns + column].bitPattern >> 16
                words[row * perRow + column / 2] |= bits << UInt32(column % 2 * 16)
            }
        }
        self.init(decant_codes_bfloat16, words: words, scales: [], rows: rows, columns: columns, groupSize: columns)
    }
}

/// INT8 weights in panels of 32 outputs, for products with INT8 activations: exact sums of integers on every processor.
///
/// It is not written after its creation, so threads share it.
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
                        y.base, y.stride, accumulation == .adding ? 1 : 0, decant_has_vnni())
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
