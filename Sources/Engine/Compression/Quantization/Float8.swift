/// E4M3 numbers as machine learning has them (the OCP's FP8, PyTorch's `float8_e4m3fn`): a sign, four exponent bits with bias 7,
/// three fraction bits, no infinities, and one NaN of either sign.
enum Float8 {
    static let largest: Float = 448
    /// Of the positive NaN.
    static let nan: UInt8 = 0x7F

    /// The nearest number, of two equally near ones the even; ±448 beyond the range.
    static func code(of value: Float) -> UInt8 {
        let sign = UInt8(truncatingIfNeeded: value.bitPattern >> 24) & 0x80
        guard !value.isNaN else { return sign | nan }
        let magnitude = min(abs(value), largest)
        if magnitude >= 0x1p-6 {
            let rebased = magnitude.bitPattern - (127 - 7) << 23
            return sign | UInt8(truncatingIfNeeded: (rebased + 0x7_FFFF + (rebased >> 20 & 1)) >> 20)
        }
        // Subnormal: a count of steps of 2⁻⁹, rounded to even by the addition itself.
        let base: Float = 0x1p14
        return sign | UInt8(truncatingIfNeeded: (magnitude + base).bitPattern - base.bitPattern)
    }

    static func float(of code: UInt8) -> Float { table[Int(code)] }

    static let table: [Float] = (0...255).map { (code: UInt8) in
        let fraction = Float(code & 7)
        let magnitude: Float =
            switch code >> 3 & 15 {
            case 0: fraction * 0x1p-9
            case 15 where code & 7 == 7: .nan
            case let exponent: (1 + fraction / 8) * Float(sign: .plus, exponent: Int(exponent) - 7, significand: 1)
            }
        return code & 0x80 == 0 ? magnitude : -magnitude
    }
}
