import BuildModel
import Executor

/// Shows a build as it goes. One implementation per audience.
protocol BuildProgress: AnyObject, Sendable {
    func receive(_ event: BuildEvent)
}

/// One JSON event a line on standard output.
final class JSONProgress: BuildProgress {
    func receive(_ event: BuildEvent) { Console.output(event.json.canonicalText) }
}

enum ProgressText {
    /// The line that a stage leaves behind; `nil` for what only a live display shows.
    static func line(for event: BuildEvent) -> String? {
        switch event {
        case .started, .stageStarted, .stageProgressed: nil
        case .stageWaiting(let name): "  waiting  \(name), which another process builds"
        case .stageFinished(let name, let result):
            result.seconds.map { "  done     \(name)  (\(Duration.text($0)), \(ByteCount.text(result.artifact.size)))" }
        case .stageFailed(let name, let failure):
            (["  FAILED   \(name): \(failure.reason)"] + failure.logTail.map { "           | \($0)" }
                + (failure.logPath.map { ["           whole log: \($0)"] } ?? [])).joined(separator: "\n")
        case .stageSkipped(let name, let because):
            "  skipped  \(name), because \(because) failed"
        case .stageStopped(let name, let hasCheckpoint):
            "  stopped  \(name)" + (hasCheckpoint ? "; it goes on from its checkpoint" : "")
        case .objectDiscarded(let object):
            "  damaged  the object \(object.short): what gave it is built again"
        }
    }

    /// `step 120/600  loss 0.412`, the units in a second where they are known.
    static func reading(of progress: StageProgress, rate: Double? = nil) -> String {
        let readings = progress.readings.sorted { $0.key < $1.key }.map { "\($0.key) \(significant($0.value))" }
        let pace = rate.map { ["\(significant($0))/s"] } ?? []
        return (["\(progress.unit) \(progress.done)/\(progress.total)"] + readings + pace).joined(separator: "  ")
    }

    /// Three significant digits.
    private static func significant(_ value: Double) -> String {
        var scale = 1.0
        while abs(value) * scale < 100, scale < 1e8, value != 0 { scale *= 10 }
        return String((value * scale).rounded() / scale)
    }
}
