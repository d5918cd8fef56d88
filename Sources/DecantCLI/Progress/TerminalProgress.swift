import BuildModel
import Executor
import Foundation
import Synchronization

/// A terminal's display: finished stages scroll by, each running stage has one line with a bar that is redrawn.
final class TerminalProgress: BuildProgress {
    private struct Running {
        var name: String
        var started: Date
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
                display.running.append(Running(name: name, started: Date()))
            case .stageProgressed(let name, let progress):
                guard let index = display.running.firstIndex(where: { $0.name == name }) else { return }
                display.running[index].progress = progress
                // Ten times a second is enough for an eye.
                guard Date().timeIntervalSince(display.lastDrawn) > 0.1 else { return }
            case .stageFinished(let name, _), .stageFailed(let name, _):
                display.running.removeAll { $0.name == name }
            case .started, .stageSkipped: break
            }
            Self.redraw(&display, above: ProgressText.line(for: event))
        }
    }

    private static func redraw(_ display: inout Display, above line: String?) {
        var text = display.drawnLines > 0 ? "\u{1B}[\(display.drawnLines)A\u{1B}[J" : ""
        if let line { text += line + "\n" }
        for running in display.running { text += String(Self.line(for: running).prefix(Console.width - 1)) + "\n" }
        display.drawnLines = display.running.count
        display.lastDrawn = Date()
        Console.draw(text)
    }

    private static func line(for running: Running) -> String {
        let elapsed = Date().timeIntervalSince(running.started)
        guard let progress = running.progress, progress.total > 0, progress.done > 0 else {
            return "  running  \(running.name)"
        }
        let share = min(1, Double(progress.done) / Double(progress.total))
        let filled = Int(share * 20)
        let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: 20 - filled)
        let left = Duration.text(elapsed / share - elapsed)
        return "  running  \(running.name)  \(bar) \(ProgressText.reading(of: progress))  \(left) left"
    }
}
