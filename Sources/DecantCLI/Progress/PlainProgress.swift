import BuildModel
import Executor
import Foundation
import Synchronization

/// Plain lines, for logs: each stage's start, a reading every few seconds, its end.
final class PlainProgress: BuildProgress {
    private struct Reading {
        var pace = Pace()
        var printed = Date()
    }

    private let readings = Mutex<[String: Reading]>([:])
    private let seconds: Double

    /// - Parameter seconds: between two readings of a stage, at least.
    init(every seconds: Double = 5) { self.seconds = seconds }

    func receive(_ event: BuildEvent) {
        switch event {
        case .stageStarted(let name, let kind):
            readings.withLock { $0[name] = Reading() }
            Console.progress("  running  \(name)  (\(kind))")
        case .stageProgressed(let name, let progress) where progress.total > 0:
            if let text = reading(of: progress, in: name) { Console.progress("           \(name)  \(text)") }
        default:
            if let line = ProgressText.line(for: event) { Console.progress(line) }
        }
    }

    /// What is to be printed; `nil` where it is too soon.
    private func reading(of progress: StageProgress, in name: String) -> String? {
        readings.withLock { readings in
            var reading = readings[name] ?? Reading()
            defer { readings[name] = reading }
            reading.pace.reach(progress.done)
            guard Date().timeIntervalSince(reading.printed) >= seconds else { return nil }
            reading.printed = Date()
            return ProgressText.reading(of: progress, rate: reading.pace.rate)
                + (reading.pace.secondsLeft(to: progress.total).map { "  \(Duration.text($0)) left" } ?? "")
        }
    }
}
