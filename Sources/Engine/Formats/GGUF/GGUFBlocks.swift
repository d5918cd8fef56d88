extension GGUFTensorType {
    /// Restores whole blocks, as ggml's reference does: each product and each sum is rounded to float32.
    ///
    /// - Parameter target: as many floats as the blocks stand for.
    func restore(_ blocks: UnsafeRawBufferPointer, into target: UnsafeMutableBufferPointer<Float>) {
        switch self {
        case .f32: UnsafeMutableRawBufferPointer(target).copyMemory(from: blocks)
        case .f16: HalfPrecision.widenFloat16(blocks, into: target)
        case .bf16: HalfPrecision.widenBFloat16(blocks, into: target)
        case .q4_0: forEachBlock(blocks, target, Self.restoreQ4_0)
        case .q4_1: forEachBlock(blocks, target, Self.restoreQ4_1)
        case .q5_0: forEachBlock(blocks, target, Self.restoreQ5_0)
        case .q8_0: forEachBlock(blocks, target, Self.restoreQ8_0)
        case .q4_K: forEachBlock(blocks, target, Self.restoreQ4_K)
        case .q6_K: forEachBlock(blocks, target, Self.restoreQ6_K)
        }
    }

    private func forEachBlock(
        _ blocks: UnsafeRawBufferPointer, _ target: UnsafeMutableBufferPointer<Float>,
        _ restore: (UnsafeRawBufferPointer, UnsafeMutableBufferPointer<Float>) -> Void
    ) {
        for block in 0..<target.count / blockLength {
            restore(
                UnsafeRawBufferPointer(rebasing: blocks[block * blockSize..<(block + 1) * blockSize]),
                UnsafeMutableBufferPointer(rebasing: target[block * blockLength..<(block + 1) * blockLength]))
        }
    }

    /// A scale d and 32 integers q from 0 to 15: d·(q − 8). Byte i holds weight i and, in its upper half, weight i + 16.
    private static func restoreQ4_0(_ block: UnsafeRawBufferPointer, _ weights: UnsafeMutableBufferPointer<Float>) {
        let scale = half(block, at: 0)
        for place in 0..<16 {
            let byte = Int(block[2 + place])
            weights[place] = Float(byte & 15 - 8) * scale
            weights[place + 16] = Float(byte >> 4 - 8) * scale
        }
    }

    /// A scale d, a minimum m and 32 integers from 0 to 15: d·q + m.
    private static func restoreQ4_1(_ block: UnsafeRawBufferPointer, _ weights: UnsafeMutableBufferPointer<Float>) {
        let (scale, minimum) = (half(block, at: 0), half(block, at: 2))
        for place in 0..<16 {
            let byte = Int(block[4 + place])
            weights[place] = Float(byte & 15) * scale + minimum
            weights[place + 16] = Float(byte >> 4) * scale + minimum
        }
    }

    /// As Q4_0, with fifth bits in a word of their own: d·(q − 16).
    private static func restoreQ5_0(_ block: UnsafeRawBufferPointer, _ weights: UnsafeMutableBufferPointer<Float>) {
        let scale = half(block, at: 0)
        let fifth = Int(block.loadUnaligned(fromByteOffset: 2, as: UInt32.self))
        for place in 0..<16 {
            let byte = Int(block[6 + place])
            weights[place] = Float(byte & 15 | (fifth >> place & 1) << 4 - 16) * scale
            weights[place + 16] = Float(byte >> 4 | (fifth >> (place + 16) & 1) << 4 - 16) * scale
        }
    }

    /// A scale and 32 signed bytes.
    private static func restoreQ8_0(_ block: UnsafeRawBufferPointer, _ weights: UnsafeMutableBufferPointer<Float>) {
        let scale = half(block, at: 0)
        for place in 0..<32 { weights[place] = Float(Int8(bitPattern: block[2 + place])) * scale }
    }

    static func half(_ block: UnsafeRawBufferPointer, at offset: Int) -> Float {
        HalfPrecision.float(fromFloat16: block.loadUnaligned(fromByteOffset: offset, as: UInt16.self))
    }
}

/// Blocks of 256 weights, whose parts have scales that are integers themselves.
extension GGUFTensorType {
    /// Scales d and e, then eight parts of 32 weights with a six-bit scale s and minimum m each: (d·s)·q − e·m.
    ///
    /// A run of 32 bytes holds a part in its lower and the next part in its upper halves.
    static func restoreQ4_K(_ block: UnsafeRawBufferPointer, _ weights: UnsafeMutableBufferPointer<Float>) {
        let (scaleUnit, minimumUnit) = (half(block, at: 0), half(block, at: 2))
        let packed = UnsafeRawBufferPointer(rebasing: block[4..<16])
        for part in 0..<8 {
            let (scaleCount, minimumCount) = sixBitPair(part, packed)
            let scale = scaleUnit * Float(scaleCount)
            let minimum = minimumUnit * Float(minimumCount)
            let (run, shift) = (16 + part / 2 * 32, part % 2 * 4)
            for place in 0..<32 {
                weights[part * 32 + place] = scale * Float(block[run + place] >> shift & 15) - minimum
            }
        }
    }

    /// The scale and the minimum of a part. Twelve bytes hold eight of each: those of the first four parts in the lower six
    /// bits of bytes 0–3 and 4–7; those of the others in the halves of bytes 8–11, with the two bits that are left above.
    private static func sixBitPair(_ part: Int, _ packed: UnsafeRawBufferPointer) -> (scale: UInt8, minimum: UInt8) {
        if part < 4 { return (packed[part] & 63, packed[part + 4] & 63) }
        return (
            packed[part + 4] & 15 | (packed[part - 4] >> 6) << 4,
            packed[part + 4] >> 4 | (packed[part] >> 6) << 4
        )
    }

    /// Sixteen parts of 16 weights with a signed scale s each, at last a scale d of them all: (d·s)·(q − 32).
    ///
    /// Each half of the block has 64 bytes with the lower four and 32 with the upper two bits of its 128 integers.
    static func restoreQ6_K(_ block: UnsafeRawBufferPointer, _ weights: UnsafeMutableBufferPointer<Float>) {
        let unit = half(block, at: 208)
        for part in 0..<16 {
            let scale = unit * Float(Int8(bitPattern: block[192 + part]))
            for place in part * 16..<part * 16 + 16 {
                let (side, within) = (place / 128, place % 128)
                let low = block[side * 64 + within % 64] >> (within / 64 * 4) & 15
                let high = block[128 + side * 32 + within % 32] >> (within / 32 * 2) & 3
                weights[place] = scale * Float(Int(low | high << 4) - 32)
            }
        }
    }
}

/// How a GGUF file stores a tensor's weights, under the format's numbers: floats, or blocks of small integers with scales.
package enum GGUFTensorType: UInt32, Hashable, Sendable, CaseIterable {
    case f32 = 0
    case f16 = 1
    case q4_0 = 2
    case q4_1 = 3
    case q5_0 = 6
    case q8_0 = 8
    case q4_K = 12
    case q6_K = 14
    case bf16 = 30

    /// Weights of a block; a row is whole blocks.
    var blockLength: Int {
        switch self {
        case .f32, .f16, .bf16: 1
        case .q4_0, .q4_1, .q5_0, .q8_0: 32
        case .q4_K, .q6_K: 256
        }
    }

    /// Bytes of a block: two for each scale, and the integers.
    var blockSize: Int {
        switch self {
        case .f32: 4
        case .f16, .bf16: 2
        case .q4_0: 2 + 16
        case .q4_1: 2 + 2 + 16
        case .q5_0: 2 + 4 + 16
        case .q8_0: 2 + 32
        case .q4_K: 2 + 2 + 12 + 128
        case .q6_K: 128 + 64 + 16 + 2
        }
    }

    /// `Q4_K`
    var name: String { "\(self)".uppercased() }

    /// The name of a type that the format has and this reader lacks.
    static func name(ofUnreadable number: UInt32) -> String? {
        [
            7: "Q5_1", 9: "Q8_1", 10: "Q2_K", 11: "Q3_K", 13: "Q5_K", 15: "Q8_K", 16: "IQ2_XXS", 17: "IQ2_XS", 18: "IQ3_XXS",
            19: "IQ1_S", 20: "IQ4_NL", 21: "IQ3_S", 22: "IQ2_S", 23: "IQ4_XS", 24: "I8", 25: "I16", 26: "I32", 27: "I64",
            28: "F64", 29: "IQ1_M", 34: "TQ1_0", 35: "TQ2_0", 39: "MXFP4",
        ][number]
    }
}

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
