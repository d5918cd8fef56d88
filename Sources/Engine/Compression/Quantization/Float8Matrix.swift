import CKernels

/// E4M3 weights with a scale per output, for activations that are rounded to E4M3 token by token; the layout `float-quantized`
/// of compressed-tensors.
struct Float8Matrix: StoredMatrix, Hashable {
    let rows: Int
    let columns: Int
    /// [rows, columns]
    let codes: [UInt8]
    /// [rows]
    let scales: [Float]

    var byteCount: Int { codes.count + 4 * scales.count }

    func panels() -> any WeightPanels {
        CodedPanels(
            decant_codes_float8, words: WordPanels.words(codes, rows: rows), scales: scales, rows: rows, columns: columns,
            groupSize: columns, activations: .float8)
    }

    func dequantize(rows: Range<Int>, into target: UnsafeMutablePointer<Float>) {
        let table = Float8.table
        for (place, row) in rows.enumerated() {
            for column in 0..<columns {
                target[place * columns + column] = table[Int(codes[row * columns + column])] * scales[row]
            }
        }
    }
}

extension Float8Matrix {
    /// Rounds weights, row-major [rows, columns], to nearest; scale = max|w| / 448.
    init(rounding weights: [Float], rows: Int, columns: Int) {
        self.rows = rows
        self.columns = columns
        var codes: [UInt8] = []
        codes.reserveCapacity(weights.count)
        scales = (0..<rows).map { row in
            let weights = weights[row * columns..<(row + 1) * columns]
            let quotient = weights.reduce(0) { max($0, abs($1)) } / Float8.largest
            let scale = quotient.isNormal ? quotient : 1
            codes.append(contentsOf: weights.lazy.map { Float8.code(of: $0 / scale) })
            return scale
        }
        self.codes = codes
    }

    func storedTensors(module: String) -> [String: StoredTensor] {
        [
            module + ".weight": StoredTensor(elementType: .float8, shape: [rows, columns], bytes: codes),
            module + ".weight_scale": StoredTensor(scales, shape: [rows, 1]),
        ]
    }
}
