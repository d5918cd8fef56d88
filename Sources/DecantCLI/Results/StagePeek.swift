import BuildModel
import CanonicalJSON
import Executor
import Files
import Foundation
import Programs
import Stages

/// What can be said of a stage before it has a result.
struct StagePeek {
    private let stage: Stage
    private let isRunning: Bool
    /// Where the stage is; `nil` before it said so.
    private let progress: StageProgress?
    /// Of a step, or whatever the stage counts; `nil` where it counted too little since it began.
    private let secondsEach: Double?
    /// Steps of the last checkpoint of a training.
    private let checkpoint: Int?
    /// The lines of the curve so far, those after the checkpoint too.
    private let curve: [JSON]
    private let answers: (set: String, answers: [UnfinishedTraining.Answer])?

    /// - Parameter count: rows that the last checkpoint answers.
    init(_ work: (workspace: StageWorkspace, isRunning: Bool), of stage: Stage, answering count: Int) throws {
        (self.stage, isRunning) = (stage, work.isRunning)
        let workspace = work.workspace
        let action = try Action(
            encoding: JSON(parsing: RegularFile.contents(of: workspace.actionFile.path, limit: 64 << 20)))
        let reported = workspace.reported
        let training = try UnfinishedTraining(
            of: action, inputs: workspace.inputs, checkpoint: workspace.checkpoint, threads: Machine.current.processors)
        checkpoint = training?.steps
        curve = Self.curve(training?.curve ?? [], then: reported)
        secondsEach = Self.secondsEach(reported)
        progress = reported.last?.progress
        answers = count > 0 ? try training?.answers(to: count) : nil
    }

    /// The checkpoint's lines, and those that were reported of later steps.
    private static func curve(_ kept: [JSON], then reported: [TimedProgress]) -> [JSON] {
        var lines = kept
        for report in reported where report.progress.unit == "step" && report.progress.done > lines.count {
            var line = report.progress.readings.mapValues(JSON.number)
            line["step"] = .count(report.progress.done - 1)
            lines.append(.object(line))
        }
        return lines
    }

    private static func secondsEach(_ reported: [TimedProgress]) -> Double? {
        guard let first = reported.first, let last = reported.last, last.progress.done > first.progress.done else { return nil }
        return (last.seconds - first.seconds) / Double(last.progress.done - first.progress.done)
    }

    private var secondsLeft: Double? {
        guard let progress, let secondsEach else { return nil }
        return Double(max(0, progress.total - progress.done)) * secondsEach
    }

    /// What is not known is `null`.
    var json: JSON {
        var members: [String: JSON] = [
            "name": .string(stage.name), "kind": .string(stage.kind), "state": isRunning ? "running" : "stopped",
            "curve": .array(curve), "answers": .array((answers?.answers ?? []).map(Self.json(of:))),
        ]
        members["unit"] = progress.map { JSON.string($0.unit) } ?? .null
        members["done"] = progress.map { JSON.count($0.done) } ?? .null
        members["total"] = progress.map { JSON.count($0.total) } ?? .null
        members["seconds_each"] = secondsEach.map(JSON.number) ?? .null
        members["seconds_left"] = secondsLeft.map(JSON.number) ?? .null
        members["checkpoint"] = checkpoint.map(JSON.count) ?? .null
        members["set"] = answers.map { JSON.string($0.set) } ?? .null
        return .object(members)
    }

    private static func json(of answer: UnfinishedTraining.Answer) -> JSON {
        [
            "query": .string(answer.query), "response": .string(answer.response),
            "reference": answer.reference.map(JSON.string) ?? .null,
        ]
    }

    var text: String {
        let shown = CurveText(lines: curve)
        var parts = [head]
        if !curve.isEmpty {
            parts.append(Console.outputIsTerminal ? shown.drawing(width: min(Console.width, 90)) : shown.figures)
        }
        if let answers { parts.append(Self.text(of: answers, after: checkpoint ?? 0)) }
        return parts.joined(separator: "\n")
    }

    private var head: String {
        var words = [progress.map { "\($0.unit) \($0.done) of \($0.total)" } ?? "nothing is said of its work yet"]
        if let progress, let secondsEach {
            words.append(
                secondsEach >= 0.1
                    ? "\(Duration.text(secondsEach)) a \(progress.unit)" : "\(Int(1 / max(secondsEach, 1e-9))) a second")
        }
        if let secondsLeft { words.append("\(Duration.text(secondsLeft)) left") }
        let state = isRunning ? "runs" : "does not run now"
        let kept = checkpoint.map { "; the last checkpoint is of step \($0)" } ?? ""
        return "\(stage.name) (\(stage.kind)) \(state): \(words.joined(separator: ", "))\(kept)"
    }

    private static func text(
        of answers: (set: String, answers: [UnfinishedTraining.Answer]), after step: Int
    ) -> String {
        let lines = answers.answers.flatMap { answer in
            ["  \(line(answer.query))", "    says    \(line(answer.response))"]
                + (answer.reference.map { ["    wanted  \(line($0))"] } ?? [])
        }
        return (["after step \(step), to rows of '\(answers.set)':"] + lines).joined(separator: "\n")
    }

    /// A text on one line, not without end.
    private static func line(_ text: String) -> String {
        let line = text.split(whereSeparator: \.isNewline).joined(separator: " ")
        return line.count > 300 ? String(line.prefix(300)) + "…" : line
    }
}
