/// Transcendental functions made of basic arithmetic, because those of C libraries differ between machines.
///
/// The relative error is about 1e-15 over the ranges that the engine uses.
enum PortableMath {
    /// eˣ: x = n·ln2 + r, |r| ≤ ln2/2, and eʳ by its series to r¹³.
    static func exp(_ x: Double) -> Double {
        guard x >= -700 else { return x.isNaN ? x : 0 }
        if x > 700 { return .infinity }
        let n = (x * 1.4426950408889634).rounded()
        let high = (-n).multiplied(by: 0.6931471803691238, adding: x)
        let r = (-n).multiplied(by: 1.9082149292705877e-10, adding: high)
        var sum = 1.0
        for k in stride(from: 13.0, through: 1, by: -1) { sum = (sum * r / k) + 1 }
        return sum * Double(sign: .plus, exponent: Int(n), significand: 1)
    }

    /// ln x for positive x: x = m·2ᵉ, m in [√½, √2), and ln m = 2·artanh((m − 1)/(m + 1)) by its series.
    static func log(_ x: Double) -> Double {
        guard x > 0, x.isFinite else { return x == 0 ? -.infinity : .nan }
        var exponent = Int(x.exponent)
        var significand = x.significand
        if significand > 1.4142135623730951 {
            significand /= 2
            exponent += 1
        }
        let s = (significand - 1) / (significand + 1)
        let square = s * s
        var sum = 0.0
        for k in stride(from: 23.0, through: 1, by: -2) { sum = sum * square + 1 / k }
        let rest = Double(exponent) * 1.9082149292705877e-10
        return Double(exponent) * 0.6931471803691238 + (2 * s * sum + rest)
    }

    static func cos(_ x: Double) -> Double { cosineAndSine(x).cosine }

    /// Cosine and sine by reduction to |r| ≤ π/4 and their series, for |x| up to about 10⁶.
    static func cosineAndSine(_ x: Double) -> (cosine: Double, sine: Double) {
        let quarter = (x * 0.6366197723675814).rounded()
        var r = (-quarter).multiplied(by: 1.5707963267341256, adding: x)
        r = (-quarter).multiplied(by: 6.0771005063039e-11, adding: r)
        r = (-quarter).multiplied(by: 2.0222662487959506e-21, adding: r)
        let square = r * r
        var cosine = 1.0
        var sine = 1.0
        for k in stride(from: 18.0, through: 2, by: -2) {
            cosine = 1 - cosine * square / (k * (k - 1))
            sine = 1 - sine * square / (k * (k + 1))
        }
        sine *= r
        return switch Int(quarter) & 3 {
        case 0: (cosine, sine)
        case 1: (-sine, cosine)
        case 2: (-cosine, -sine)
        default: (sine, -cosine)
        }
    }
}

extension Double {
    /// self·factor + term with one rounding.
    fileprivate func multiplied(by factor: Double, adding term: Double) -> Double { term.addingProduct(self, factor) }
}
