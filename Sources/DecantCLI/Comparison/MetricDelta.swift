import CanonicalJSON
import Stages

/// A figure of two reports: of one model, on one set where it has one. `nil` where a report lacks it.
struct MetricDelta {
    var row: String
    /// `parameters`, `bytes`, `flops`, `exact test`.
    var metric: String
    var old: Double?
    var new: Double?

    var delta: Double? {
        guard let old, let new else { return nil }
        return new - old
    }

    var hasChanged: Bool { old != new }

    var json: JSON {
        func number(_ value: Double?) -> JSON { value.map(JSON.number) ?? .null }
        return [
            "row": .string(row), "metric": .string(metric), "old": number(old), "new": number(new), "delta": number(delta),
        ]
    }
}

extension MetricDelta {
    /// Every figure of two reports, in the order of the newer one.
    static func all(from old: JSON?, to new: JSON?) -> [MetricDelta] {
        let before = figures(of: old)
        let after = figures(of: new)
        let earlier = Dictionary(before.map { ([$0.row, $0.metric], $0.value) }, uniquingKeysWith: { $1 })
        let later = Set(after.map { [$0.row, $0.metric] })
        return after.map { .init(row: $0.row, metric: $0.metric, old: earlier[[$0.row, $0.metric]], new: $0.value) }
            + before.filter { !later.contains([$0.row, $0.metric]) }.map {
                .init(row: $0.row, metric: $0.metric, old: $0.value, new: nil)
            }
    }

    /// The figures of a report's rows: those of the model, then each metric on each set.
    private static func figures(of report: JSON?) -> [(row: String, metric: String, value: Double)] {
        let metrics = (report?["metrics"]?.array ?? []).compactMap(\.string)
        let sets = (report?["sets"]?.array ?? []).compactMap(\.string)
        return (report?["rows"]?.array ?? []).flatMap { row in
            let name = row["name"]?.string ?? ""
            let own = row.sortedMembers.compactMap { key, value in value.double.map { (name, key, $0) } }
            let measured = metrics.flatMap { metric in
                sets.compactMap { set in row["sets"]?[set]?[metric]?.double.map { (name, "\(metric) \(set)", $0) } }
            }
            return own + measured
        }
    }
}

/// Figures of two reports side by side; those that are equal are only counted.
struct MetricTable {
    var deltas: [MetricDelta]

    var text: String {
        let changed = deltas.filter(\.hasChanged)
        let cells =
            [["model", "metric", "old", "new", "delta"]]
            + changed.map { delta in
                [
                    delta.row, delta.metric, delta.text(delta.old), delta.text(delta.new),
                    delta.delta.map { ($0 > 0 ? "+" : "") + delta.text($0, share: "points") } ?? "–",
                ]
            }
        let widths = (0..<5).map { column in cells.map { $0[column].columns }.max() ?? 0 }
        var lines =
            changed.isEmpty
            ? []
            : cells.map { row in
                row.enumerated().map { column, cell in
                    column < 2 ? cell.padded(to: widths[column]) : cell.leftPadded(to: widths[column])
                }.joined(separator: "  ")
            }
        let equal = deltas.count - changed.count
        if equal > 0 { lines.append("\(equal) figure\(equal == 1 ? " is" : "s are") as before") }
        return lines.joined(separator: "\n")
    }
}

extension MetricDelta {
    /// A value of this metric for people: shares as percentages, sizes in KiB, work in MFLOPs.
    fileprivate func text(_ value: Double?, share unit: String = "%") -> String {
        guard let value else { return "–" }
        switch metric.split(separator: " ").first {
        case "parameters": return "\(Int(value))"
        case "bytes": return ReportTable.decimal(value / 1024, places: 1) + " KiB"
        case "flops": return ReportTable.decimal(value / 1e6, places: 2) + " M"
        case "ar", "exact": return ReportTable.decimal(value * 100, places: 1) + " " + unit
        default: return ReportTable.decimal(value, places: 3)
        }
    }
}
