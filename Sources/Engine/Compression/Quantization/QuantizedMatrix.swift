/// A weight matrix as packed integer codes and float scales, in the `pack-quantized` layout of compressed-tensors.
///
/// A code is stored as code + 2^(bits−1), little end first; a row begins at a 32-bit word and is padded with zero bits.
/// weight = code · scale of its group.
package struct QuantizedMatrix: Hashable, Sendable {
    /// Outputs.
    package let rows: Int
    /// Inputs.
    package let columns: Int
    package let bits: Int
    /// Consecutive inputs that share a scale; all of them where there is one scale per output.
    let groupSize: Int
    /// [rows, bytesPerRow]
    let packed: [UInt8]
    /// [rows, columns / groupSize]
    let scales: [Float]

    static func bytesPerRow(columns: Int, bits: Int) -> Int { (columns * bits + 31) / 32 * 4 }

    var bytesPerRow: Int { Self.bytesPerRow(columns: columns, bits: bits) }

    var groupsPerRow: Int { columns / groupSize }

    /// Bytes that the codes and scales take.
    package var byteCount: Int { packed.count + 4 * scales.count }

    /// The caller has checked that the arrays fill the shape.
    init(packed: [UInt8], scales: [Float], rows: Int, columns: Int, bits: Int, groupSize: Int) {
        self.rows = rows
        self.columns = columns
        self.bits = bits
        self.groupSize = groupSize
        self.packed = packed
        self.scales = scales
    }

    /// Packs row-major [rows, columns] codes.
    init(codes: [Int8], scales: [Float], rows: Int, columns: Int, bits: Int, groupSize: Int) {
        let stride = Self.bytesPerRow(columns: columns, bits: bits)
        let codesPerByte = 8 / bits
        let offset = 1 << (bits - 1)
        var packed = [UInt8](repeating: 0, count: rows * stride)
        for row in 0..<rows {
            for column in 0..<columns {
                let code = UInt8(Int(codes[row * columns + column]) + offset)
                packed[row * stride + column / codesPerByte] |= code << (bits * (column % codesPerByte))
            }
        }
        self.init(packed: packed, scales: scales, rows: rows, columns: columns, bits: bits, groupSize: groupSize)
    }
}
