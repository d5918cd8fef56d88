import CanonicalJSON
import Engine
import Executor
import Foundation
import Kinds
import Planner
import Stages
import Store

extension BuildCommand {
    /// Says how the build ended: the metrics, what ran, what was saved, what to do next.
    func report(_ outcome: BuildOutcome, of file: RecipeFile, seconds: Double, store: Store) throws {
        if output.asJSON {
            Console.output(outcome.json.canonicalText)
        } else {
            if let table = try reportTable(of: outcome, in: store) { Console.output(table) }
            Console.progress(try summary(of: outcome, seconds: seconds, in: store))
            if let next = try nextCommand(after: outcome, of: file, in: store) { Console.hint(next) }
        }
        if outcome.wasInterrupted { throw CommandFailure(status: ExitStatus.interrupted, message: nil, hint: nil) }
        if !outcome.succeeded { throw CommandFailure(status: ExitStatus.stageFailed, message: nil, hint: nil) }
    }

    /// `3 ran, 12 cached (41 s saved); 20 s of work in 11 s`
    private func summary(of outcome: BuildOutcome, seconds: Double, in store: Store) throws -> String {
        let durations = try store.durations()
        let cached = outcome.wanted.compactMap { outcome[$0] }.filter(\.wasCached)
        let saved = cached.compactMap { durations.seconds(of: $0.key) }.reduce(0, +)
        let work = outcome.wanted.compactMap { outcome[$0]?.seconds }.reduce(0, +)
        var parts = [
            "\(outcome.ran.count) ran",
            "\(outcome.cached.count) cached" + (saved > 0 ? " (\(Duration.text(saved)) saved)" : ""),
        ]
        let others = [
            ("failed", outcome.failed.count), ("skipped", outcome.skipped.count), ("not started", outcome.notStarted.count),
        ]
        parts += others.filter { $0.1 > 0 }.map { "\($0.1) \($0.0)" }
        return (outcome.wasInterrupted ? "interrupted: " : "") + parts.joined(separator: ", ")
            + "; \(Duration.text(work)) of work in \(Duration.text(seconds))"
    }

    /// The table of the build's report, if it has one.
    private func reportTable(of outcome: BuildOutcome, in store: Store) throws -> String? {
        guard let report = outcome.targets.first(where: { $0.name == "report" })?.result,
            let file = report.artifact["report.json"]
        else { return nil }
        return try ReportTable(JSON(parsing: store.readObject(file.digest))).text
    }

    /// The command that tries the last variant's model on a question of its own test set; where prompts list functions, the
    /// one that shows the model; the one that goes on where the build did not end.
    private func nextCommand(after outcome: BuildOutcome, of file: RecipeFile, in store: Store) throws -> String? {
        guard outcome.succeeded else {
            return outcome.wasInterrupted
                ? "build \(file.path)" : outcome.notStarted.isEmpty ? nil : "build --keep-going \(file.path)"
        }
        let models = outcome.targets.filter { $0.name != "teacher" && $0.result.artifact["model.safetensors"] != nil }
        guard let model = models.last?.name else { return nil }
        let stages = outcome.wanted.map { (outcome.graph[$0], outcome[$0]) }
        guard stages.contains(where: { $0.0.kind == EvalGenerate.name && $0.0.parameters["prompt"] == "query" }),
            let data = stages.first(where: { $0.0.kind == DataSplit.name })?.1, let file = data.artifact["test.jsonl"],
            let line = try store.readObject(file.digest).split(separator: UInt8(ascii: "\n")).first,
            let row = try? Row(json: JSON(parsing: line))
        else { return "show \(model)" }
        return "run \(model) \"\(row.query.filter { $0 != "\"" })\""
    }
}
