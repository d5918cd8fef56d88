import CanonicalJSON

/// How values are spread: their mean and three percentiles.
///
/// The percentile p of n values lies at (n − 1)·p among them in order, from 0; between two values it is interpolated (definition
/// 7 of Hyndman and Fan, as `numpy.percentile` has it).
package struct Distribution: Hashable, Sendable {
    package let count: Int
    package let mean: Double
    package let p50: Double
    package let p90: Double
    package let p99: Double

    /// `nil` where there are no values.
    package init?(_ values: [Double]) {
        guard !values.isEmpty else { return nil }
        let sorted = values.sorted()
        count = sorted.count
        mean = sorted.reduce(0, +) / Double(sorted.count)
        p50 = Self.percentile(0.5, of: sorted)
        p90 = Self.percentile(0.9, of: sorted)
        p99 = Self.percentile(0.99, of: sorted)
    }

    /// - Parameter sorted: at least one value, in order.
    static func percentile(_ share: Double, of sorted: [Double]) -> Double {
        let place = Double(sorted.count - 1) * share
        let below = min(Int(place), sorted.count - 1)
        let above = min(below + 1, sorted.count - 1)
        return sorted[below] + (sorted[above] - sorted[below]) * (place - Double(below))
    }

    package var json: JSON {
        ["mean": .number(mean), "p50": .number(p50), "p90": .number(p90), "p99": .number(p99)]
    }
}
