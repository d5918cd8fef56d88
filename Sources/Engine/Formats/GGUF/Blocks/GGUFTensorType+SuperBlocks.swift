/// Blocks of 256 weights, whose parts have scales that are integers themselves.
extension GGUFTensorType {
    /// Sixteen parts of 16 weights with a four-bit scale s and minimum m each, at last scales d and e: (d·s)·q − e·m.
    ///
    /// Each half of the block has 32 bytes; a byte holds four integers of two bits, 32 weights apart.
    static func restoreQ2_K(_ block: UnsafeRawBufferPointer, _ weights: UnsafeMutableBufferPointer<Float>) {
        let (scaleUnit, minimumUnit) = (half(block, at: 80), half(block, at: 82))
        for part in 0..<16 {
            let scale = scaleUnit * Float(block[part] & 15)
            let minimum = minimumUnit * Float(block[part] >> 4)
            for place in part * 16..<part * 16 + 16 {
                weights[place] = scale * Float(twoBits(at: place, block, from: 16)) - minimum
            }
        }
    }

    /// Sixteen parts of 16 weights with a six-bit scale s each, at last a scale d of them all: (d·(s − 32))·q, q from −4 to 3.
    ///
    /// The first 32 bytes have the third bits: byte i those of the weights i, i + 32, and so on. A scale's lower four bits are
    /// in a half of one of eight bytes, its upper two in one of four.
    static func restoreQ3_K(_ block: UnsafeRawBufferPointer, _ weights: UnsafeMutableBufferPointer<Float>) {
        let unit = half(block, at: 108)
        for part in 0..<16 {
            let low = block[96 + part % 8] >> (part / 8 * 4) & 15
            let high = block[104 + part % 4] >> (part / 4 * 2) & 3
            let scale = unit * Float(Int(low | high << 4) - 32)
            for place in part * 16..<part * 16 + 16 {
                let isUpper = block[place % 32] >> (place / 32) & 1 == 1
                weights[place] = scale * Float(Int(twoBits(at: place, block, from: 32)) - (isUpper ? 0 : 4))
            }
        }
    }

    private static func twoBits(at place: Int, _ block: UnsafeRawBufferPointer, from start: Int) -> UInt8 {
        block[start + place / 128 * 32 + place % 32] >> (place % 128 / 32 * 2) & 3
    }

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

    /// As Q4_K, with 32 bytes of fifth bits before the halves: byte i has those of place i of every part.
    static func restoreQ5_K(_ block: UnsafeRawBufferPointer, _ weights: UnsafeMutableBufferPointer<Float>) {
        let (scaleUnit, minimumUnit) = (half(block, at: 0), half(block, at: 2))
        let packed = UnsafeRawBufferPointer(rebasing: block[4..<16])
        for part in 0..<8 {
            let (scaleCount, minimumCount) = sixBitPair(part, packed)
            let scale = scaleUnit * Float(scaleCount)
            let minimum = minimumUnit * Float(minimumCount)
            let (run, shift) = (48 + part / 2 * 32, part % 2 * 4)
            for place in 0..<32 {
                let fifth = block[16 + place] >> part & 1
                weights[part * 32 + place] = scale * Float(block[run + place] >> shift & 15 | fifth << 4) - minimum
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

    /// Eight parts of 32 weights with a six-bit scale s each and levels as IQ4_NL: (d·(s − 32))·level.
    ///
    /// The upper two bits of all scales are in one word, the lower four in four bytes, two in each.
    static func restoreIQ4_XS(_ block: UnsafeRawBufferPointer, _ weights: UnsafeMutableBufferPointer<Float>) {
        let unit = half(block, at: 0)
        let upper = Int(block.loadUnaligned(fromByteOffset: 2, as: UInt16.self))
        for part in 0..<8 {
            let lower = Int(block[4 + part / 2]) >> (part % 2 * 4) & 15
            let scale = unit * Float((lower | (upper >> (2 * part) & 3) << 4) - 32)
            for place in 0..<16 {
                let byte = Int(block[8 + part * 16 + place])
                weights[part * 32 + place] = scale * unevenLevels[byte & 15]
                weights[part * 32 + place + 16] = scale * unevenLevels[byte >> 4]
            }
        }
    }
}
