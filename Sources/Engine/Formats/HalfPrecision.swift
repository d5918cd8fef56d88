/// Half-precision bit patterns widened by hand, so that every CPU and compiler gives the same bits.
enum HalfPrecision {
    /// IEEE 754 binary16: 5 exponent bits with bias 15, 10 fraction bits.
    static func float(fromFloat16 bits: UInt16) -> Float {
        let sign = UInt32(bits & 0x8000) << 16
        let exponent = UInt32(bits >> 10) & 0x1F
        let fraction = UInt32(bits & 0x3FF)
        switch exponent {
        case 0:
            // Zero or subnormal: the fraction counts steps of 2⁻²⁴, which a Float holds exactly.
            let magnitude = Float(fraction) * Float(bitPattern: (127 - 24) << 23)
            return Float(bitPattern: magnitude.bitPattern | sign)
        case 0x1F:
            return Float(bitPattern: sign | 0x7F80_0000 | fraction << 13)
        default:
            return Float(bitPattern: sign | (exponent + 127 - 15) << 23 | fraction << 13)
        }
    }

    /// bfloat16: the upper half of a Float.
    static func float(fromBFloat16 bits: UInt16) -> Float { Float(bitPattern: UInt32(bits) << 16) }
}

extension HalfPrecision {
    /// The nearest binary16, of two equally near ones the even; infinity beyond its range.
    static func float16(from value: Float) -> UInt16 {
        let sign = UInt16(truncatingIfNeeded: value.bitPattern >> 16) & 0x8000
        let magnitude = value.bitPattern & 0x7FFF_FFFF
        switch magnitude {
        case 0x7F80_0001...: return sign | 0x7E00
        // 65520 lies half-way to what would come after the largest number.
        case 0x477F_F000...: return sign | 0x7C00
        case 0x3880_0000...:
            let rebased = magnitude - (127 - 15) << 23
            return sign | UInt16(truncatingIfNeeded: (rebased + 0xFFF + (rebased >> 13 & 1)) >> 13)
        default:
            // Subnormal: a count of steps of 2⁻²⁴, rounded to even by the addition itself.
            let steps = Float(bitPattern: magnitude) + Float(bitPattern: (127 - 1) << 23)
            return sign | UInt16(truncatingIfNeeded: steps.bitPattern - (127 - 1) << 23)
        }
    }

    /// Little-endian binary16 numbers as floats; `target` holds as many.
    static func widenFloat16(_ source: UnsafeRawBufferPointer, into target: UnsafeMutableBufferPointer<Float>) {
        for place in target.indices {
            target[place] = float(fromFloat16: source.loadUnaligned(fromByteOffset: 2 * place, as: UInt16.self))
        }
    }

    static func widenBFloat16(_ source: UnsafeRawBufferPointer, into target: UnsafeMutableBufferPointer<Float>) {
        for place in target.indices {
            target[place] = float(fromBFloat16: source.loadUnaligned(fromByteOffset: 2 * place, as: UInt16.self))
        }
    }
}
