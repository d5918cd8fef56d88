import BuildModel
import Executor
import Foundation
import Programs
import Synchronization

/// Shows a build as it goes. One implementation per audience.
protocol BuildProgress: AnyObject, Sendable {
    func receive(_ event: BuildEvent)
}

/// One JSON event a line on standard output.
final class JSONProgress: BuildProgress {
    func receive(_ event: BuildEvent) { Console.output(json: event.json) }
}

enum ProgressText {
    /// The line that a stage leaves behind; `nil` for what only a live display shows.
    static func line(for event: BuildEvent) -> String? {
        switch event {
        case .started, .stageStarted: nil
        case .stageProgressed(let name, let progress):
            progress.stopsWithin.map { "  stopping \(name): it ends its step and saves its work, within \(Duration.text($0))" }
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

/// How fast a stage counts. What a resumed stage did before it was resumed does not count.
struct Pace {
    private var first: (done: Int, time: Date)?
    private var last: (done: Int, time: Date)?

    mutating func reach(_ done: Int, at time: Date = Date()) {
        // A stage may start counting again for the next part of its work.
        if let last, done < last.done { first = nil }
        if first == nil { first = (done, time) }
        last = (done, time)
    }

    /// Units in a second; `nil` before there are two readings.
    var rate: Double? {
        guard let first, let last, last.done > first.done else { return nil }
        let seconds = last.time.timeIntervalSince(first.time)
        return seconds > 0 ? Double(last.done - first.done) / seconds : nil
    }

    func secondsLeft(to total: Int) -> Double? {
        guard let rate, let last else { return nil }
        return Double(max(0, total - last.done)) / rate
    }
}

/// What Ctrl-C does during a build: the first asks it to stop, the second ends the program at once. So does a build that has
/// not stopped soon after it was asked, or as late as its stages say: whatever is lost then is work, not results.
final class Interruption: Sendable {
    private struct State {
        var first: Int32?
        /// When the program ends whatever it does then.
        var end = ContinuousClock.now
    }

    private let state = Mutex(State())
    private let watch: ProcessWatch

    /// Seconds from the first signal, or from the end of what a stage needs, to the program's end.
    private static let patience = 1.8

    init(_ watch: ProcessWatch) { self.watch = watch }

    /// - Parameter stop: asks the build to stop.
    func hear(stop: @escaping @Sendable () -> Void) {
        watch.hear([SIGINT, SIGTERM, SIGHUP]) { [self] number in
            let isFirst = state.withLock { state in
                defer { state.first = state.first ?? number }
                return state.first == nil
            }
            guard isFirst else { _exit(status) }
            Console.progress("stopping; once more ends it at once")
            wait(0)
            stop()
        }
    }

    /// Waits for a stage that says how long it needs to save its work.
    func receive(_ event: BuildEvent) {
        guard case .stageProgressed(_, let progress) = event, let seconds = progress.stopsWithin else { return }
        wait(seconds)
    }

    /// How the program ends when the build has stopped: as the first signal says.
    var status: Int32 { ExitStatus.interrupted(by: state.withLock { $0.first } ?? SIGINT) }

    func end() { watch.stopHearing() }

    /// Ends the program so many seconds from now, or when it would end for another stage, whichever is later.
    private func wait(_ seconds: Double) {
        let end = ContinuousClock.now + .seconds(seconds + Self.patience)
        let isLater = state.withLock { state in
            defer { state.end = max(state.end, end) }
            return end > state.end
        }
        if isLater { watch.endProcess(after: seconds + Self.patience, status: status) }
    }
}
