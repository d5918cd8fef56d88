/// Weights that no block of a type can hold.
struct GGUFRangeError: Error {}

extension GGUFTensorType {
    /// Blocks of a row, as ggml's reference makes them; of types that can be written.
    ///
    /// - Parameters:
    ///   - row: whole blocks.
    ///   - importance: what an error of each weight counts. Types with few bits take it; `nil` weights by the weights themselves.
    /// - Throws: where a weight is not finite, or beyond what a half-precision number or scale can express.
    func pack(
        _ row: UnsafeBufferPointer<Float>, importance: [Float]? = nil, into bytes: inout [UInt8]
    ) throws(GGUFRangeError) {
        switch self {
        case .f32: bytes.append(contentsOf: UnsafeRawBufferPointer(row))
        case .q8_0: try forEachBlock(row) { block throws(GGUFRangeError) in try Self.packQ8_0(block, into: &bytes) }
        case .q4_0: try forEachBlock(row) { block throws(GGUFRangeError) in try Self.packQ4_0(block, into: &bytes) }
        case .q5_0: try packRowOfQ5_0(row, importance, into: &bytes)
        case .q5_1: try packRowOfQ5_1(row, importance, into: &bytes)
        case .q4_K, .q5_K, .q6_K: try packSuperBlocks(row, importance, into: &bytes)
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
        let (scale, counts) = try signedCounts(of: block, reach: 8)
        try appendHalf(scale, to: &bytes)
        for place in 0..<16 { bytes.append(counts[place] | counts[place + 16] << 4) }
    }

    /// A scale, and integers from 0 to 2·`reach` − 1 for weights on both sides of zero.
    static func signedCounts(
        of block: Slice<UnsafeBufferPointer<Float>>, reach: Float
    ) throws(GGUFRangeError) -> (scale: Float, counts: [UInt8]) {
        guard block.allSatisfy(\.isFinite) else { throw GGUFRangeError() }
        let scale = block.reduce(0) { abs($0) < abs($1) ? $1 : $0 } / -reach
        let inverse = inverse(of: scale)
        return (scale, block.map { UInt8(min(max($0 * inverse + (reach + 0.5), 0), 2 * reach - 1)) })
    }

    /// Zero where there is none, or none that a Float can hold.
    static func inverse(of scale: Float) -> Float { (1 / scale).isFinite ? 1 / scale : 0 }

    static func appendHalf(_ value: Float, to bytes: inout [UInt8]) throws(GGUFRangeError) {
        let bits = HalfPrecision.float16(from: value)
        guard bits & 0x7C00 != 0x7C00 else { throw GGUFRangeError() }
        bytes.append(UInt8(truncatingIfNeeded: bits))
        bytes.append(UInt8(truncatingIfNeeded: bits >> 8))
    }
}
