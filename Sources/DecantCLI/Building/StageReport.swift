import BuildModel
import Executor
import Foundation
import Synchronization

/// What a running stage says of itself: to its runner, and in a file for whoever looks at it meanwhile.
final class StageReport: Sendable {
    private let started = ContinuousClock.now
    /// `nil` where it cannot be written; nobody needs it then.
    private let file: FileHandle?
    private let latest = Mutex(StageProgress(done: 0, total: 0, unit: "step"))

    init(in workspace: StageWorkspace) {
        FileManager.default.createFile(atPath: workspace.progress.path, contents: nil)
        file = try? FileHandle(forWritingTo: workspace.progress)
    }

    func progress(_ progress: StageProgress) {
        latest.withLock { latest in
            latest = progress
            Console.output(json: progress.json)
            keep(progress)
        }
    }

    /// Says how long the stage needs, now that it was asked to stop.
    func stop(within seconds: Double) {
        latest.withLock { latest in
            latest.stopsWithin = seconds
            Console.output(json: latest.json)
            latest.stopsWithin = nil
        }
    }

    private func keep(_ progress: StageProgress) {
        let line = TimedProgress(progress, seconds: (ContinuousClock.now - started) / Swift.Duration.seconds(1)).json
        try? file?.write(contentsOf: Data(line.canonicalBytes + [UInt8(ascii: "\n")]))
    }
}
