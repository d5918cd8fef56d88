/// A matrix in integers: a code per weight, a scale per group. weight = code · scale.
struct IntegerCodes: Hashable, Sendable {
    /// Row-major [rows, columns].
    var codes: [Int8]
    /// [rows, columns / groupSize]
    var scales: [Float]
    let rows: Int
    let columns: Int
    let groupSize: Int

    var groupsPerRow: Int { columns / groupSize }

    /// The weights, row-major [rows, columns].
    func dequantized() -> [Float] {
        codes.indices.map { index in
            Float(codes[index]) * scales[index / columns * groupsPerRow + index % columns / groupSize]
        }
    }
}

extension QuantizedMatrix {
    init(_ codes: IntegerCodes, bits: Int) {
        self.init(
            codes: codes.codes, scales: codes.scales, rows: codes.rows, columns: codes.columns, bits: bits,
            groupSize: codes.groupSize)
    }
}
