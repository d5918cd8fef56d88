/// Counts which labels were given where which were wanted: accuracy, and precision, recall and F1 of each label.
///
/// As scikit-learn counts with `zero_division=0`: a share of nothing is 0.
package struct LabelCounts: Hashable, Sendable {
    /// Of one label.
    package struct Shares: Hashable, Sendable {
        package let precision: Double
        package let recall: Double
        package let f1: Double
        /// Rows that want the label.
        package let support: Int
    }

    /// By wanted label and given label; the given label `nil` is an answer that is no label.
    package private(set) var counts: [String: [String?: Int]] = [:]

    package init() {}

    /// - Parameter given: `nil` for an answer that is no label: wrong, but no label that others are mistaken for.
    package mutating func add(wanted: String, given: String?) { counts[wanted, default: [:]][given, default: 0] += 1 }

    /// The labels that are wanted or given anywhere, sorted by their bytes.
    package var labels: [String] {
        let given = counts.values.flatMap { $0.keys.compactMap(\.self) }
        return Set(given).union(counts.keys).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    package var rows: Int { counts.values.reduce(0) { $0 + $1.values.reduce(0, +) } }

    /// The share of rows whose label was given; `nil` without rows.
    package var accuracy: Double? {
        rows == 0 ? nil : Double(counts.reduce(0) { $0 + ($1.value[$1.key] ?? 0) }) / Double(rows)
    }

    /// The mean F1 of `labels`: a label that is only wanted or only given counts as 0, one that is neither does not count.
    /// `nil` without rows.
    package var macroF1: Double? {
        let shares = shares
        return shares.isEmpty ? nil : shares.reduce(0) { $0 + $1.shares.f1 } / Double(shares.count)
    }

    /// Of each of `labels`.
    package var shares: [(label: String, shares: Shares)] {
        var given: [String: Int] = [:]
        for (label, count) in counts.values.joined() {
            if let label { given[label, default: 0] += count }
        }
        return labels.map { label in
            let right = counts[label]?[label] ?? 0
            let support = counts[label]?.values.reduce(0, +) ?? 0
            return (
                label,
                Shares(
                    precision: .share(right, of: given[label] ?? 0), recall: .share(right, of: support),
                    f1: .share(2 * right, of: support + (given[label] ?? 0)), support: support)
            )
        }
    }
}

extension Double {
    /// A share of nothing is 0.
    static func share(_ part: Int, of whole: Int) -> Double { whole == 0 ? 0 : Double(part) / Double(whole) }
}
