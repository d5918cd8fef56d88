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
        (self.rows, self.columns) = (rows, columns)
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

/// E4M3 numbers as machine learning has them (the OCP's FP8, PyTorch's `float8_e4m3fn`): a sign, four exponent bits with bias 7,
/// three fraction bits, no infinities, and one NaN of either sign.
enum Float8 {
    static let largest: Float = 448
    /// Of the positive NaN.
    static let nan: UInt8 = 0x7F

    /// The nearest number, of two equally near ones the even; ±448 beyond the range.
    static func code(of value: Float) -> UInt8 {
        let sign = UInt8(truncatingIfNeeded: value.bitPattern >> 24) & 0x80
        guard !value.isNaN else { return sign | nan }
        let magnitude = min(abs(value), largest)
        if magnitude >= 0x1p-6 {
            let rebased = magnitude.bitPattern - (127 - 7) << 23
            return sign | UInt8(truncatingIfNeeded: (rebased + 0x7_FFFF + (rebased >> 20 & 1)) >> 20)
        }
        // Subnormal: a count of steps of 2⁻⁹, rounded to even by the addition itself.
        let base: Float = 0x1p14
        return sign | UInt8(truncatingIfNeeded: (magnitude + base).bitPattern - base.bitPattern)
    }

    /// The number of each code.
    static let table: [Float] = (0...255).map { (code: UInt8) in
        let fraction = Float(code & 7)
        let magnitude: Float =
            switch code >> 3 & 15 {
            case 0: fraction * 0x1p-9
            case 15 where code & 7 == 7: .nan
            case let exponent: (1 + fraction / 8) * Float(sign: .plus, exponent: Int(exponent) - 7, significand: 1)
            }
        return code & 0x80 == 0 ? magnitude : -magnitude
    }
}

/// INT8 weights with a scale per output, for activations that are rounded to INT8 token by token; the layout `int-quantized` of
/// compressed-tensors. Products are sums of integers, and exact.
struct Int8Matrix: StoredMatrix, Hashable {
    let rows: Int
    let columns: Int
    /// [rows, columns]
    let codes: [Int8]
    /// [rows]
    let scales: [Float]

    /// Products of two codes that a 32-bit sum surely holds.
    static let mostColumns = 1 << 16

    var byteCount: Int { codes.count + 4 * scales.count }

    func dequantize(rows: Range<Int>, into target: UnsafeMutablePointer<Float>) {
        for (place, row) in rows.enumerated() {
            for column in 0..<columns { target[place * columns + column] = Float(codes[row * columns + column]) * scales[row] }
        }
    }

    func panels() -> any WeightPanels { IntegerPanels(self) }
}

extension Int8Matrix {
    /// From codes with one scale per output.
    init(_ codes: IntegerCodes) {
        self.init(rows: codes.rows, columns: codes.columns, codes: codes.codes, scales: codes.scales)
    }

    func storedTensors(module: String) -> [String: StoredTensor] {
        [
            module + ".weight": StoredTensor(
                elementType: .int8, shape: [rows, columns], bytes: codes.map { UInt8(bitPattern: $0) }),
            module + ".weight_scale": StoredTensor(scales, shape: [rows, 1]),
        ]
    }
}
