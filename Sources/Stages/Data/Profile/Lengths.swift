import CanonicalJSON

/// Lengths of texts: each is kept, in four bytes.
struct Lengths: Sendable {
    private var values: [Int32] = []

    mutating func add(_ length: Int) { values.append(Int32(clamping: length)) }

    /// The least, the middle one, the one that 95 of 100 do not exceed, the greatest; `nil` where there are none.
    var summary: (least: Int, median: Int, p95: Int, greatest: Int)? {
        guard !values.isEmpty else { return nil }
        let sorted = values.sorted()
        func value(at share: Double) -> Int { Int(sorted[min(sorted.count - 1, Int(share * Double(sorted.count)))]) }
        return (Int(sorted[0]), value(at: 0.5), value(at: 0.95), Int(sorted[sorted.count - 1]))
    }

    var json: JSON {
        guard let summary else { return .null }
        return [
            "min": .count(summary.least), "median": .count(summary.median), "p95": .count(summary.p95),
            "max": .count(summary.greatest),
        ]
    }

    var text: String {
        guard let summary else { return "none" }
        return "\(summary.least) min, \(summary.median) median, \(summary.p95) p95, \(summary.greatest) max"
    }
}
