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
