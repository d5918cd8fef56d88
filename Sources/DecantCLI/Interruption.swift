import Dispatch
import Foundation

/// What Ctrl-C does during a build: the first asks it to stop, the second ends the program at once. So does a build that has
/// not stopped soon after it was asked: whatever is lost then is work, not results.
final class Interruption {
    private let sources: [any DispatchSourceSignal]

    /// Seconds from the first signal to the end, at most.
    private static let patience = 1.8

    /// - Parameter stop: asks the build to stop.
    init(stop: @escaping @Sendable () -> Void) {
        let queue = DispatchQueue(label: "interruption")
        nonisolated(unsafe) var signals = 0
        sources = [SIGINT, SIGTERM, SIGHUP].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler {
                signals += 1
                guard signals == 1 else { _exit(ExitStatus.interrupted) }
                Console.progress("stopping; once more ends it at once")
                stop()
                queue.asyncAfter(deadline: .now() + Self.patience) { _exit(ExitStatus.interrupted) }
            }
            source.activate()
            return source
        }
    }

    /// Signals do what they did before.
    func end() {
        for source in sources { source.cancel() }
        for number in [SIGINT, SIGTERM, SIGHUP] { signal(number, SIG_DFL) }
    }
}
