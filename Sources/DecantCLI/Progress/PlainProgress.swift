import Executor
import Synchronization

/// Plain lines, for logs: each stage's start, a reading now and then, its end.
final class PlainProgress: BuildProgress {
    /// Tenths of each running stage that were printed.
    private let printedTenths = Mutex<[String: Int]>([:])

    func receive(_ event: BuildEvent) {
        switch event {
        case .stageStarted(let name, let kind):
            Console.progress("  running  \(name)  (\(kind))")
        case .stageProgressed(let name, let progress) where progress.total > 0:
            let tenth = progress.done * 10 / progress.total
            let isNew = printedTenths.withLock { printed in
                defer { printed[name] = tenth }
                return tenth > printed[name] ?? 0
            }
            if isNew { Console.progress("           \(name)  \(ProgressText.reading(of: progress))") }
        default:
            if let line = ProgressText.line(for: event) { Console.progress(line) }
        }
    }
}
