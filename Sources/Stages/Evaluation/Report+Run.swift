import CanonicalJSON
import Kinds

extension Report: RunnableStage {
    package func run(in context: StageContext) throws {
        var entries: [JSON] = []
        for (index, name) in rows.enumerated() {
            let scores = try context.readJSON("scores.\(index)", "scores.json")
            let cost = try context.readJSON("cost.\(index)", "cost.json")
            var entry: [String: JSON] = [
                "name": .string(name),
                "parameters": cost["parameters"]?["total"] ?? .null,
                "bytes": cost["bytes"] ?? .null,
                "flops": sets.first.flatMap { cost["sets"]?[$0]?["flops"] } ?? .null,
                "sets": scores["sets"] ?? [:],
                "confusions": try confusions(context.readJSON("scores.\(index)", "confusion.json")),
            ]
            if context.hasInput("perplexity.\(index)") {
                entry["perplexity"] = try context.readJSON("perplexity.\(index)", "perplexity.json")["perplexity"]
            }
            if context.hasInput("speed.\(index)") {
                entry["speed"] = try context.readJSON("speed.\(index)", "speed.json")["tokens_per_second"]
            }
            entries.append(.object(entry))
        }
        var report: [String: JSON] = [
            "rows": .array(repeated == nil ? withFronts(entries) : entries),
            "metrics": .array(metrics.map(JSON.string)), "sets": .array(sets.map(JSON.string)),
        ]
        if let repeated {
            report["over_seeds"] = .array(withFronts(Repetitions.summed(entries, names: repeated).map(\.json)))
        }
        try context.write(.object(report), to: "report.json")
        try context.write(ReportText(.object(report)).markdown, to: "report.md")
    }

    /// What was most often called in place of something else, of all sets.
    private func confusions(_ tables: JSON) -> JSON {
        let wrong = sets.enumerated().flatMap { place, set in
            (tables["sets"]?[set]?["called"] ?? [:]).sortedMembers.flatMap { wanted, called in
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
                    "times": .integer(Int64(entry.times)),
                ]
            })
    }
}
