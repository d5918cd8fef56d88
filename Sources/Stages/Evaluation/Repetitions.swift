import CanonicalJSON

/// Rows of a report that differ in their seeds alone, and the mean and deviation of their figures.
struct Repetitions {
    let name: String
    /// In the report's order, one a seed.
    let runs: [JSON]

    /// Rows of one name together, in the order of the first of each.
    static func summed(_ rows: [JSON], names: [String]) -> [Repetitions] {
        var order: [String] = []
        var runs: [String: [JSON]] = [:]
        for (row, name) in zip(rows, names) {
            if runs[name] == nil { order.append(name) }
            runs[name, default: []].append(row)
        }
        return order.map { Repetitions(name: $0, runs: runs[$0] ?? []) }
    }

    /// A row like those that it sums up: every figure that all of them have is their mean, with the deviation beside it.
    var json: JSON {
        var row = Self.combined(runs, Self.mean).object ?? [:]
        row["name"] = .string(name)
        row["runs"] = .integer(Int64(runs.count))
        row["deviation"] = Self.combined(runs, Self.deviation)
        return .object(row)
    }

    /// The numbers that all have, by their names.
    private static func combined(_ values: [JSON], _ combine: ([Double]) -> Double) -> JSON {
        var result: [String: JSON] = [:]
        for (name, first) in values.first?.sortedMembers ?? [] {
            let same = values.compactMap { $0[name] }
            guard same.count == values.count else { continue }
            let numbers = same.compactMap(\.double)
            if numbers.count == values.count {
                result[name] = .number(combine(numbers))
            } else if first.object != nil {
                result[name] = combined(same, combine)
            }
        }
        return .object(result)
    }

    private static func mean(_ numbers: [Double]) -> Double { numbers.reduce(0, +) / Double(numbers.count) }

    /// The root of the squares' sum over one less than their number; 0 for a single one.
    private static func deviation(_ numbers: [Double]) -> Double {
        guard numbers.count > 1 else { return 0 }
        let mean = mean(numbers)
        return (numbers.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / Double(numbers.count - 1)).squareRoot()
    }
}
