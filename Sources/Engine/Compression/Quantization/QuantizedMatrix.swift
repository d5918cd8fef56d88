import CKernels

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
        (self.rows, self.columns, self.bits) = (rows, columns, bits)
        (self.groupSize, self.packed, self.scales) = (groupSize, packed, scales)
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

extension QuantizedMatrix {
    /// Writes the weights of some rows, row-major [rows.count, columns], to `weights`.
    ///
    /// Each is one conversion and one multiplication, so the result does not depend on how the work is cut.
    func dequantize(rows: Range<Int>, into weights: UnsafeMutablePointer<Float>) {
        precondition(rows.lowerBound >= 0 && rows.upperBound <= self.rows, "rows outside the matrix")
        let unpack = bits == 8 ? Self.unpackBytes : Self.unpackNibbles
        let bytesPerGroup = groupSize * bits / 8
        packed.withUnsafeBufferPointer { packed in
            scales.withUnsafeBufferPointer { scales in
                guard let packed = packed.baseAddress, let scales = scales.baseAddress else { return }
                var output = weights
                for row in rows {
                    var codes = packed + row * bytesPerRow
                    for group in 0..<groupsPerRow {
                        unpack(codes, groupSize, scales[row * groupsPerRow + group], output)
                        codes += bytesPerGroup
                        output += groupSize
                    }
                }
            }
        }
    }

    private static func unpackBytes(
        _ codes: UnsafePointer<UInt8>, count: Int, scale: Float, into weights: UnsafeMutablePointer<Float>
    ) {
        for index in 0..<count { weights[index] = Float(Int32(codes[index]) &- 128) * scale }
    }

    private static func unpackNibbles(
        _ codes: UnsafePointer<UInt8>, count: Int, scale: Float, into weights: UnsafeMutablePointer<Float>
    ) {
        for index in 0..<count / 2 {
            let pair = Int32(codes[index])
            weights[2 * index] = Float((pair & 0xF) &- 8) * scale
            weights[2 * index + 1] = Float((pair >> 4) &- 8) * scale
        }
        if count % 2 == 1 { weights[count - 1] = Float(Int32(codes[count / 2] & 0xF) &- 8) * scale }
    }
}

extension QuantizedMatrix {
    func panels() -> any WeightPanels {
        CodedPanels(
            bits == 4 ? decant_codes_int4 : decant_codes_int8, words: WordPanels.words(packed, rows: rows), scales: scales,
            rows: rows, columns: columns, groupSize: groupSize)
    }
}

extension QuantizedMatrix {
    /// The three tensors that stand for a module's weight in a compressed-tensors file.
    func storedTensors(module: String) -> [String: StoredTensor] {
        [
            module + ".weight_packed": StoredTensor(
                elementType: .int32, shape: [rows, bytesPerRow / 4], bytes: packed),
            module + ".weight_scale": StoredTensor(scales, shape: [rows, groupsPerRow]),
            module + ".weight_shape": StoredTensor([Int64(rows), Int64(columns)], shape: [2]),
        ]
    }
}

/// A packed matrix as a file has it.
protocol StoredMatrix: PackedMatrix {
    /// Bytes of what stands for the weights.
    var byteCount: Int { get }
    /// What stands for a module's weight in a file.
    func storedTensors(module: String) -> [String: StoredTensor]
    /// The same weights for products.
    func panels() -> any WeightPanels
}

extension QuantizedMatrix: StoredMatrix {}
