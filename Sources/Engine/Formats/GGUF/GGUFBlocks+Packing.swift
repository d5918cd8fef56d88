/// Weights that no block of a type can hold.
struct GGUFRangeError: Error {}

extension GGUFTensorType {
    /// Blocks of a row, as ggml's reference makes them; of types that can be written.
    ///
    /// - Parameter row: whole blocks.
    /// - Throws: where a weight is not finite, or beyond what a half-precision number or scale can express.
    func pack(_ row: UnsafeBufferPointer<Float>, into bytes: inout [UInt8]) throws(GGUFRangeError) {
        switch self {
        case .f32: bytes.append(contentsOf: UnsafeRawBufferPointer(row))
        case .q8_0: try forEachBlock(row) { block throws(GGUFRangeError) in try Self.packQ8_0(block, into: &bytes) }
        case .q4_0: try forEachBlock(row) { block throws(GGUFRangeError) in try Self.packQ4_0(block, into: &bytes) }
        default: for weight in row { try Self.appendHalf(weight, to: &bytes) }
        }
    }

    private func forEachBlock(
        _ row: UnsafeBufferPointer<Float>, _ body: (Slice<UnsafeBufferPointer<Float>>) throws(GGUFRangeError) -> Void
    ) throws(GGUFRangeError) {
        for start in stride(from: 0, to: row.count, by: blockLength) { try body(row[start..<start + blockLength]) }
    }

    /// The largest magnitude becomes 127.
    private static func packQ8_0(
        _ block: Slice<UnsafeBufferPointer<Float>>, into bytes: inout [UInt8]
    ) throws(GGUFRangeError) {
        let scale = block.reduce(0) { max($0, abs($1)) } / 127
        let inverse = inverse(of: scale)
        try appendHalf(scale, to: &bytes)
        for weight in block {
            guard let count = Int8(exactly: (weight * inverse).rounded()) else { throw GGUFRangeError() }
            bytes.append(UInt8(bitPattern: count))
        }
    }

    /// The weight of largest magnitude becomes 0, whatever its sign: the scale has the other one.
    private static func packQ4_0(
        _ block: Slice<UnsafeBufferPointer<Float>>, into bytes: inout [UInt8]
    ) throws(GGUFRangeError) {
        let scale = block.reduce(0) { abs($0) < abs($1) ? $1 : $0 } / -8
        let inverse = inverse(of: scale)
        try appendHalf(scale, to: &bytes)
        guard block.allSatisfy(\.isFinite) else { throw GGUFRangeError() }
        let counts = block.map { UInt8(min(max($0 * inverse + 8.5, 0), 15)) }
        for place in 0..<16 { bytes.append(counts[place] | counts[place + 16] << 4) }
    }

    /// Zero where there is none, or none that a Float can hold.
    private static func inverse(of scale: Float) -> Float { (1 / scale).isFinite ? 1 / scale : 0 }

    private static func appendHalf(_ value: Float, to bytes: inout [UInt8]) throws(GGUFRangeError) {
        let bits = HalfPrecision.float16(from: value)
        guard bits & 0x7C00 != 0x7C00 else { throw GGUFRangeError() }
        bytes.append(UInt8(truncatingIfNeeded: bits))
        bytes.append(UInt8(truncatingIfNeeded: bits >> 8))
    }
}
