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
