import BuildModel
import Executor
import Foundation
import Synchronization

/// A terminal's display: finished stages scroll by, each running stage has one line with a bar that is redrawn.
final class TerminalProgress: BuildProgress {
    private struct Running {
        var name: String
        var pace = Pace()
        var progress: StageProgress?
    }

    private struct Display {
        var running: [Running] = []
        var drawnLines = 0
        var lastDrawn = Date.distantPast
    }

    private let display = Mutex(Display())

    func receive(_ event: BuildEvent) {
        display.withLock { display in
            switch event {
            case .stageStarted(let name, _):
                display.running.append(Running(name: name))
            case .stageProgressed(let name, let progress):
                guard let index = display.running.firstIndex(where: { $0.name == name }) else { return }
                display.running[index].progress = progress
                display.running[index].pace.reach(progress.done)
                // Ten times a second is enough for an eye.
                guard progress.stopsWithin != nil || Date().timeIntervalSince(display.lastDrawn) > 0.1 else { return }
            case .stageFinished(let name, _), .stageFailed(let name, _), .stageStopped(let name, _):
                display.running.removeAll { $0.name == name }
            case .started, .stageSkipped, .stageWaiting, .objectDiscarded: break
            }
            Self.redraw(&display, above: ProgressText.line(for: event))
        }
    }

    private static func redraw(_ display: inout Display, above line: String?) {
        let replaced = display.drawnLines
        var text = line.map { $0 + "\n" } ?? ""
        for running in display.running { text += String(Self.line(for: running).prefix(Console.width - 1)) + "\n" }
        display.drawnLines = display.running.count
        display.lastDrawn = Date()
        Console.draw(text, replacing: replaced)
    }

    private static func line(for running: Running) -> String {
        guard let progress = running.progress, progress.total > 0, progress.done > 0 else {
            return "  running  \(running.name)"
        }
        let filled = Int(min(1, max(0, Double(progress.done) / Double(progress.total))) * 20)
        let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: 20 - filled)
        let left = running.pace.secondsLeft(to: progress.total).map { "  \(Duration.text($0)) left" } ?? ""
        return "  running  \(running.name)  \(bar) \(ProgressText.reading(of: progress, rate: running.pace.rate))\(left)"
    }
}

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
        case .stageProgressed(let name, let progress) where progress.total > 0 && progress.stopsWithin == nil:
            if let text = reading(of: progress, in: name) { Console.progress("           \(name)  \(text)") }
        default:
            if let line = ProgressText.line(for: event) { Console.progress(line) }
        }
    }

    /// The text to print; `nil` if it is too soon.
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
