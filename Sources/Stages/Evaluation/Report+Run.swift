import CanonicalJSON
import Planner

extension Report: RunnableStage {
    public func run(in context: StageContext) throws {
        var entries: [JSON] = []
        for (index, name) in rows.enumerated() {
            let scores = try context.readJSON("scores.\(index)", "scores.json")
            let cost = try context.readJSON("cost.\(index)", "cost.json")
            var entry: [String: JSON] = [
                "name": .string(name),
                "parameters": cost["parameters"]?["total"] ?? .null,
                "bytes": cost["bytes"] ?? .null,
                "flops": cost["sets"]?[sets[0]]?["flops"] ?? .null,
                "sets": scores["sets"] ?? [:],
            ]
            if context.hasInput("perplexity.\(index)") {
                entry["perplexity"] = try context.readJSON("perplexity.\(index)", "perplexity.json")["perplexity"]
            }
            entries.append(.object(entry))
        }
        let report: JSON = [
            "rows": .array(entries), "metrics": .array(metrics.map(JSON.string)), "sets": .array(sets.map(JSON.string)),
        ]
        try context.write(report, to: "report.json")
        try context.write(ReportTable(report).markdown, to: "report.md")
    }
}
