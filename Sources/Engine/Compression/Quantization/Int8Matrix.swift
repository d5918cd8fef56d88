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
