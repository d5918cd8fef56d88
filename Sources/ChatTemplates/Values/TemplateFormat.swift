import Foundation

/// One field of a format: how wide it is, and how its number is written.
struct TemplateFormat {
    var filling: Unicode.Scalar = " "
    /// `<`, `>`, `^` or `=`; nil where the kind of value decides.
    var alignment: Unicode.Scalar?
    /// `+`, `-` or a space.
    var sign: Unicode.Scalar = "-"
    var isAlternate = false
    var width = 0
    /// `,` or `_` between thousands.
    var grouping: Unicode.Scalar?
    var precision: Int?
    /// The letter at the end.
    var type: Unicode.Scalar?

    static let maximumWidth = 10_000

    /// The nearest number with so many digits behind the point, as the decimal spelling of the exact value rounds.
    static func rounded(_ value: Double, _ precision: Int) -> Double {
        guard value.isFinite else { return value }
        if precision >= 0 { return precision > 22 ? value : Double(fixed(value, precision)) ?? value }
        let scale = power(ofTen: -precision)
        return (value / scale).rounded(.toNearestOrEven) * scale
    }

    static func power(ofTen exponent: Int) -> Double { pow(10, Double(exponent)) }

    /// A number with so many digits behind the point.
    static func fixed(_ value: Double, _ digits: Int) -> String {
        if value.isNaN { return "nan" }
        if value.isInfinite { return value < 0 ? "-inf" : "inf" }
        return String(format: "%.\(min(digits, 400))f", value)
    }

    /// The text of a number of this type; nil where the type is none of numbers.
    func text(ofReal value: Double) -> String? {
        let magnitude = abs(value)
        let digits = min(precision ?? 6, 400)
        let body: String
        switch type {
        case "f", "F": body = Self.fixed(magnitude, digits)
        case "e": body = String(format: "%.\(digits)e", magnitude)
        case "E": body = String(format: "%.\(digits)E", magnitude)
        case "g": body = String(format: "%.\(digits)g", magnitude)
        case "G": body = String(format: "%.\(digits)G", magnitude)
        case "%": body = Self.fixed(magnitude * 100, digits) + "%"
        case nil: body = precision == nil ? magnitude.description : String(format: "%.\(digits)g", magnitude)
        default: return nil
        }
        return signed(grouped(body), isNegative: value.sign == .minus)
    }

    func text(ofInteger value: Int) -> String? {
        let magnitude = value.magnitude
        let body: String
        switch type {
        case nil, "d", "i", "u", "n": body = grouped(String(magnitude))
        case "x": body = (isAlternate ? "0x" : "") + String(magnitude, radix: 16)
        case "X": body = (isAlternate ? "0X" : "") + String(magnitude, radix: 16, uppercase: true)
        case "o": body = (isAlternate ? "0o" : "") + String(magnitude, radix: 8)
        case "b": body = (isAlternate ? "0b" : "") + String(magnitude, radix: 2)
        default: return text(ofReal: Double(value))
        }
        return signed(body, isNegative: value < 0)
    }

    private func signed(_ body: String, isNegative: Bool) -> String {
        isNegative ? "-" + body : sign == "-" ? body : String(sign) + body
    }

    /// The digits before the point in groups of three.
    private func grouped(_ body: String) -> String {
        guard let grouping else { return body }
        let whole = Array(body.unicodeScalars.prefix { ("0"..."9").contains($0) })
        var result = String.UnicodeScalarView()
        for (index, digit) in whole.enumerated() {
            if index > 0, (whole.count - index) % 3 == 0 { result.append(grouping) }
            result.append(digit)
        }
        return String(result) + String(body.unicodeScalars.dropFirst(whole.count))
    }

    /// The text with filling up to the width.
    func padded(_ text: String, isNumber: Bool) -> String {
        let missing = width - text.unicodeScalars.count
        guard missing > 0 else { return text }
        let filling = String(filling)
        func fill(_ count: Int) -> String { String(repeating: filling, count: count) }
        switch alignment ?? (isNumber ? ">" : "<") {
        case "<": return text + fill(missing)
        case "^": return fill(missing / 2) + text + fill(missing - missing / 2)
        case "=":
            let sign = text.unicodeScalars.first.map { "+- ".unicodeScalars.contains($0) } == true ? text.prefix(1) : ""
            return sign + fill(missing) + text.dropFirst(sign.count)
        default: return fill(missing) + text
        }
    }
}
