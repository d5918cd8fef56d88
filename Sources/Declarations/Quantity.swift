/// The spellings of numbers: `6000`, `6k`, `6_000`, `0.2`, `20%`, `4e-3`, `512 MiB`, `30 min`.
package enum Quantity {
    /// A whole number; `k` is a thousand, `m` a million.
    package static func integer(_ text: String) -> Int? {
        scaled(text.filter { $0 != "_" }, units: [("k", 1e3), ("K", 1e3), ("m", 1e6), ("M", 1e6), ("", 1)]).flatMap(
            Int.init(exactly:))
    }

    /// A finite number. A share reads the same as a percentage and as a fraction: both give the nearest double.
    package static func number(_ text: String) -> Double? {
        guard text.hasSuffix("%") else { return decimal(text) }
        let digits = text.dropLast().filter { $0 != " " }
        return digits.lowercased().contains("e") ? nil : decimal(digits + "e-2")
    }

    /// Bytes: powers of 1000 (`kB`, `MB`, `GB`) or of 1024 (`KiB`, `MiB`, `GiB`), or plain.
    package static func bytes(_ text: String) -> Int? { scaled(text, units: byteUnits).flatMap(Int.init(exactly:)) }

    /// Seconds: `90`, `90 s`, `1.5 min`, `2 h`, `1 d`.
    package static func duration(_ text: String) -> Double? { scaled(text, units: timeUnits) }

    /// A number as people write it: `0.2`, `6000`.
    package static func text(_ value: Double) -> String {
        Int(exactly: value).map(String.init) ?? "\(value)"
    }

    package static func bytesText(_ value: Int) -> String {
        for (unit, factor) in [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)] where value > 0 && value % factor == 0 {
            return "\(value / factor) \(unit)"
        }
        return "\(value)"
    }

    package static func durationText(_ value: Double) -> String {
        for (unit, factor) in [("d", 86_400.0), ("h", 3600.0), ("min", 60.0)]
        where value >= factor && value.truncatingRemainder(dividingBy: factor) == 0 {
            return "\(text(value / factor)) \(unit)"
        }
        return "\(text(value)) s"
    }

    private static let byteUnits: [(String, Double)] = [
        ("GiB", 1_073_741_824), ("MiB", 1_048_576), ("KiB", 1024), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3), ("B", 1), ("", 1),
    ]
    private static let timeUnits: [(String, Double)] = [
        ("min", 60), ("ms", 1e-3), ("s", 1), ("h", 3600), ("d", 86_400), ("", 1),
    ]

    /// A number followed by the first unit that fits, with or without a space between.
    private static func scaled(_ text: String, units: [(name: String, factor: Double)]) -> Double? {
        guard let unit = units.first(where: { text.hasSuffix($0.name) }) else { return nil }
        var digits = text.dropLast(unit.name.count)
        while !unit.name.isEmpty, digits.last == " " { digits.removeLast() }
        return decimal(String(digits)).map { $0 * unit.factor }
    }

    /// Standard decimal notation alone: no hexadecimal, no infinity.
    private static func decimal(_ text: String) -> Double? {
        guard !text.isEmpty, text.utf8.count <= 32, text.utf8.allSatisfy(isDecimal), let value = Double(text), value.isFinite
        else { return nil }
        return value
    }

    private static func isDecimal(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "e"),
            UInt8(ascii: "E"):
            true
        default: false
        }
    }
}
