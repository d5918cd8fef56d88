/// The spellings of numbers: `6000`, `6k`, `6_000`, `0.2`, `20%`, `4e-3`.
enum Quantity {
    /// A whole number; `k` is a thousand, `m` a million.
    static func integer(_ text: String) -> Int? {
        var digits = text.filter { $0 != "_" }
        let scales: [Character: Double] = ["k": 1e3, "K": 1e3, "m": 1e6, "M": 1e6]
        var scale = 1.0
        if let last = digits.last, let factor = scales[last] {
            scale = factor
            digits.removeLast()
        }
        guard let value = decimal(digits) else { return nil }
        return Int(exactly: value * scale)
    }

    /// A finite number. A share reads the same as a percentage and as a fraction: both give the nearest double.
    static func number(_ text: String) -> Double? {
        guard text.hasSuffix("%") else { return decimal(text) }
        let digits = text.dropLast().filter { $0 != " " }
        return digits.lowercased().contains("e") ? nil : decimal(digits + "e-2")
    }

    /// A number as people write it: `0.2`, `6000`.
    static func text(_ value: Double) -> String {
        Int(exactly: value).map(String.init) ?? "\(value)"
    }

    /// Standard decimal notation alone: no hexadecimal, no infinity.
    private static func decimal(_ text: String) -> Double? {
        guard !text.isEmpty, text.utf8.count <= 32, text.utf8.allSatisfy({ Array("0123456789+-.eE".utf8).contains($0) }),
            let value = Double(text), value.isFinite
        else { return nil }
        return value
    }
}
