import CanonicalJSON
import Kinds

extension Report: RunnableStage {
    package static let file = File<JSON>("report.json")
    private static let page = File<String>("report.md")
    package static let artifact: [Output] = [.figures(file, as: .report), .file(page)]

    package func run(in context: StageContext) throws {
        for name in metrics + (fronts ?? []) where Metric.named(name) == nil {
            let known = Metric.all.map(\.name).joined(separator: ", ")
            throw StageFailure("a report knows no metric '\(name)'; it knows \(known)")
        }
        let entries = try rows.enumerated().map { index, name in try entry(index, name, in: context) }
        var report: [String: JSON] = [
            "rows": .array(repeated == nil ? marked(entries) : entries),
            "metrics": .array(metrics.map(JSON.string)), "sets": .array(sets.map(JSON.string)),
        ]
        if let repeated {
            report["over_seeds"] = .array(marked(Repetitions.summed(entries, names: repeated).map(\.json)))
        }
        try context.write(.object(report), to: Self.file)
        try context.write(ReportText(.object(report)).markdown, to: Self.page)
    }

    /// A row: its name, the figures that its inputs have, its scores.
    private func entry(_ index: Int, _ name: String, in context: StageContext) throws -> JSON {
        let scores = "scores.\(index)"
        var entry: [String: JSON] = [
            "name": .string(name), "sets": try sets(index, in: context),
            "confusions": try confusions(context.read(EvalScore.confusion, from: scores)),
        ]
        if context.hasInput("serving.\(index)") {
            entry["serving"] = try context.read(BenchServe.serving, from: "serving.\(index)")
        }
        if context.hasInput("comparison.\(index)") {
            entry["comparison"] = try context.read(EvalCompare.comparison, from: "comparison.\(index)")["sets"] ?? [:]
        }
        for metric in Metric.all {
            switch metric.source {
            case .model(let input, let file, let path, let isAlwaysShown):
                guard isAlwaysShown || context.hasInput("\(input).\(index)") else { continue }
                let figures = try context.read(file, from: "\(input).\(index)")
                entry[metric.name] = path.reduce(figures) { $0[$1] ?? .null }
            case .firstSet(let input, let file, let member, let isAlwaysRead):
                guard isAlwaysRead || metrics.contains(metric.name) else { continue }
                let figures = try context.read(file, from: "\(input).\(index)")
                entry[metric.name] = sets.first.flatMap { figures["sets"]?[$0]?[member] } ?? .null
            case .set: continue
            }
        }
        return .object(entry)
    }

    /// The figures of each set: its scores, and its loss where that was measured.
    private func sets(_ index: Int, in context: StageContext) throws -> JSON {
        let scores = try context.read(EvalScore.scores, from: "scores.\(index)")["sets"] ?? [:]
        guard context.hasInput("loss.\(index)"), var sets = scores.object else { return scores }
        let losses = try context.read(EvalLoss.loss, from: "loss.\(index)")["sets"] ?? [:]
        for (set, figures) in losses.sortedMembers {
            var members = sets[set]?.object ?? [:]
            members["loss"] = figures["loss"] ?? .null
            sets[set] = .object(members)
        }
        return .object(sets)
    }

    /// The functions most often called, or the labels most often given, in place of others, over all sets.
    private func confusions(_ tables: JSON) -> JSON {
        let wrong = sets.enumerated().flatMap { place, set in
            ConfusionText.table(of: tables["sets"]?[set] ?? [:]).sortedMembers.flatMap { wanted, called in
                called.sortedMembers.filter { $0.key != wanted }.map { called, times in
                    (place: place, set: set, wanted: wanted, called: called, times: times.integer ?? 0)
                }
            }
        }
        let sorted = wrong.sorted { ($1.times, $0.place, $0.wanted, $0.called) < ($0.times, $1.place, $1.wanted, $1.called) }
        return .array(
            sorted.prefix(ReportText.confusions).map { entry in
                [
                    "set": .string(entry.set), "wanted": .string(entry.wanted), "called": .string(entry.called),
                    "times": .count(entry.times),
                ]
            })
    }
}

extension Report {
    private func marked(_ rows: [JSON]) -> [JSON] { withServingCosts(withFronts(rows)) }

    /// Rows with the metrics on whose front they are: no other row is as good in as few bytes. Unchanged without `fronts`.
    func withFronts(_ rows: [JSON]) -> [JSON] {
        guard let fronts else { return rows }
        let marks = fronts.sorted().compactMap(Metric.named).map { metric in
            (metric: metric, members: ParetoFront(rows.map { point(of: $0, by: metric) }).members)
        }
        return rows.enumerated().map { place, row in
            var members = row.object ?? [:]
            members["front"] = .array(marks.filter { $0.members[place] }.map { JSON.string($0.metric.name) })
            return .object(members)
        }
    }

    /// A row's bytes and one of its figures, on the first set where each set has one; `nil` where it lacks either.
    private func point(of row: JSON, by metric: Metric) -> ParetoFront.Point? {
        guard let bytes = row["bytes"]?.double, let quality = metric.figure(in: row, on: sets.first) else { return nil }
        return ParetoFront.Point(cost: bytes, quality: metric.direction == .higherIsBetter ? quality : -quality)
    }
}

/// The points that no other point beats.
///
/// A point beats another if it costs no more and is no worse, and is better in one of the two. Equal points do not beat each
/// other: both are on the front. A point without a figure is never on the front and beats none.
struct ParetoFront {
    struct Point: Hashable {
        var cost: Double
        /// Higher is better.
        var quality: Double

        func beats(_ other: Point) -> Bool { cost <= other.cost && quality >= other.quality && self != other }
    }

    /// Whether each point is on the front.
    let members: [Bool]

    /// - Parameter points: `nil` for a point without cost or quality.
    init(_ points: [Point?]) {
        let known = points.compactMap(\.self)
        members = points.map { point in
            guard let point else { return false }
            return !known.contains { $0.beats(point) }
        }
    }
}

/// Rows of a report that differ only in their seeds, with the mean and deviation of their figures.
struct Repetitions {
    let name: String
    /// In the report's order, one for each seed.
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

    /// One row for all runs: the mean of every figure that all of them have, and under `deviation` its deviation.
    var json: JSON {
        var row = Self.combined(runs, Self.mean).object ?? [:]
        row["name"] = .string(name)
        row["runs"] = .count(runs.count)
        row["deviation"] = Self.combined(runs, Self.deviation)
        return .object(row)
    }

    /// The numbers that all values have, by name.
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

    /// The sample standard deviation; 0 for a single number.
    private static func deviation(_ numbers: [Double]) -> Double {
        guard numbers.count > 1 else { return 0 }
        let mean = mean(numbers)
        return (numbers.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / Double(numbers.count - 1)).squareRoot()
    }
}
