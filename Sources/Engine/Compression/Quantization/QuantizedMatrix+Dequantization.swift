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
