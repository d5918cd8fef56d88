import CanonicalJSON
import Stages

/// A figure of two reports: of one model, on one set where it has one. `nil` where a report lacks it.
struct MetricDelta {
    /// Which figure it is.
    struct Key: Hashable {
        var row: String
        var metric: String
        var set: String?
    }

    var key: Key
    var old: Double?
    var new: Double?

    var delta: Double? {
        guard let old, let new else { return nil }
        return new - old
    }

    var hasChanged: Bool { old != new }

    /// `parameters`, `exact test`.
    private var metric: String { key.metric + (key.set.map { " \($0)" } ?? "") }

    var json: JSON {
        func number(_ value: Double?) -> JSON { value.map(JSON.number) ?? .null }
        return [
            "row": .string(key.row), "metric": .string(metric), "old": number(old), "new": number(new), "delta": number(delta),
        ]
    }

    /// Every figure of two reports, in the order of the newer one.
    static func all(from old: JSON?, to new: JSON?) -> [MetricDelta] {
        let (before, after) = (figures(of: old), figures(of: new))
        let earlier = Dictionary(before.map { ($0.key, $0.value) }, uniquingKeysWith: { $1 })
        let later = Set(after.map(\.key))
        return after.map { .init(key: $0.key, old: earlier[$0.key], new: $0.value) }
            + before.filter { !later.contains($0.key) }.map { .init(key: $0.key, old: $0.value, new: nil) }
    }

    /// The figures of a report's rows: those of the model, then each metric on each set.
    private static func figures(of report: JSON?) -> [(key: Key, value: Double)] {
        let metrics = (report?["metrics"]?.array ?? []).compactMap(\.string).compactMap(Metric.named).filter(\.isOfSets)
        let sets = (report?["sets"]?.array ?? []).compactMap(\.string)
        return (report?["rows"]?.array ?? []).flatMap { row in
            let name = row["name"]?.string ?? ""
            let own = row.sortedMembers.compactMap { metric, value in value.double.map { (Key(row: name, metric: metric), $0) }
            }
            let measured = metrics.flatMap { metric in
                sets.compactMap { set in
                    metric.figure(in: row, on: set).map { (Key(row: name, metric: metric.name, set: set), $0) }
                }
            }
            return own + measured
        }
    }

    /// The cells of its line in a table.
    fileprivate var cells: [String] {
        func text(_ value: Double, isDifference: Bool = false) -> String {
            Metric.comparisonText(value, of: key.metric, isDifference: isDifference)
        }
        return [
            key.row, metric, old.map { text($0) } ?? "–", new.map { text($0) } ?? "–",
            delta.map { ($0 > 0 ? "+" : "") + text($0, isDifference: true) } ?? "–",
        ]
    }
}

/// Figures of two reports side by side; those that are equal are only counted.
struct MetricTable {
    var deltas: [MetricDelta]

    var text: String {
        let changed = deltas.filter(\.hasChanged)
        let table = TextTable(headings: ["model", "metric", "old", "new", "delta"], lines: changed.map(\.cells), words: 2)
        let equal = deltas.count - changed.count
        let lines =
            (changed.isEmpty ? [] : table.alignedLines)
            + (equal > 0 ? ["\(equal) figure\(equal == 1 ? " is" : "s are") as before"] : [])
        return lines.joined(separator: "\n")
    }
}
