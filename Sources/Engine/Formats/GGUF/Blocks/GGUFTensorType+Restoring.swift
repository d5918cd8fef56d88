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
        case .q5_1: forEachBlock(blocks, target, Self.restoreQ5_1)
        case .q8_0: forEachBlock(blocks, target, Self.restoreQ8_0)
        case .q2_K: forEachBlock(blocks, target, Self.restoreQ2_K)
        case .q3_K: forEachBlock(blocks, target, Self.restoreQ3_K)
        case .q4_K: forEachBlock(blocks, target, Self.restoreQ4_K)
        case .q5_K: forEachBlock(blocks, target, Self.restoreQ5_K)
        case .q6_K: forEachBlock(blocks, target, Self.restoreQ6_K)
        case .iq4_NL: forEachBlock(blocks, target, Self.restoreIQ4_NL)
        case .iq4_XS: forEachBlock(blocks, target, Self.restoreIQ4_XS)
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

    /// As Q4_1, with fifth bits in a word of their own: d·q + m.
    private static func restoreQ5_1(_ block: UnsafeRawBufferPointer, _ weights: UnsafeMutableBufferPointer<Float>) {
        let (scale, minimum) = (half(block, at: 0), half(block, at: 2))
        let fifth = Int(block.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
        for place in 0..<16 {
            let byte = Int(block[8 + place])
            weights[place] = Float(byte & 15 | (fifth >> place & 1) << 4) * scale + minimum
            weights[place + 16] = Float(byte >> 4 | (fifth >> (place + 16) & 1) << 4) * scale + minimum
        }
    }

    /// What the four bits of an IQ4 weight stand for: sixteen levels, denser around zero.
    static let unevenLevels: [Float] = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113]

    /// As Q4_0, with levels of a table: d·level.
    private static func restoreIQ4_NL(_ block: UnsafeRawBufferPointer, _ weights: UnsafeMutableBufferPointer<Float>) {
        let scale = half(block, at: 0)
        for place in 0..<16 {
            let byte = Int(block[2 + place])
            weights[place] = scale * unevenLevels[byte & 15]
            weights[place + 16] = scale * unevenLevels[byte >> 4]
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
