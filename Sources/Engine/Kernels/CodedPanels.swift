import CKernels

/// A linear layer's weights as codes in panels of 32 outputs, which products read as they are: few rows cost one pass over the
/// codes. Every product has the bits of one with the floats that the codes stand for.
///
/// Never written after its making, and so shared between threads.
final class CodedPanels: WeightPanels, @unchecked Sendable {
    let rows: Int
    let columns: Int
    let activations: ActivationType
    private let words: WordPanels
    private let scales: FloatBuffer
    private let codes: decant_codes
    private let groupSize: Int

    /// - Parameters:
    ///   - words: of each output, codes of little end first.
    ///   - scales: [rows, columns / groupSize]; empty for codes without scales.
    init(
        _ codes: decant_codes, words: [UInt32], scales: [Float], rows: Int, columns: Int, groupSize: Int,
        activations: ActivationType = .float
    ) {
        self.codes = codes
        self.rows = rows
        self.columns = columns
        self.groupSize = groupSize
        self.activations = activations
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
    /// Floats that bfloat16 holds exactly, in half the memory; `nil` where it would round one.
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
