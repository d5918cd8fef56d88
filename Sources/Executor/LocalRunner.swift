import BuildModel
import CanonicalJSON
import Dispatch
import Foundation
import Programs
import Synchronization

/// Runs stages as child processes of this binary: `decant stage run DIRECTORY --threads N`.
package struct LocalRunner: Runner {
    private let executable: URL
    /// What every stage's command line has besides.
    private let options: [String]

    /// For a stage whose command must be kept from everything around it. It comes last, so it holds whatever else is said.
    private static let isolation = ["--isolation", "required"]

    /// Seconds that a stage has to end, or to say how long it needs, when it is asked to stop.
    private static let patience = 1.4

    package init(executable: URL, options: [String] = []) { (self.executable, self.options) = (executable, options) }

    package func run(
        _ workspace: StageWorkspace, threads: Int, onProgress: @escaping @Sendable (StageProgress) -> Void
    ) async throws -> StageExit {
        let program = Program(
            executable.path,
            ["stage", "run", workspace.directory.path, "--threads", String(threads)]
                + options + (workspace.needsIsolation ? Self.isolation : []),
            environment: Self.environment, directory: workspace.directory)
        // The child exits when its standard input ends, so it never outlives this process.
        let child = try program.start(errors: .file(workspace.log))
        let patience = Patience(with: child)
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                DispatchQueue.global().async {
                    Self.readProgress(from: child.output) { progress in
                        if let seconds = progress.stopsWithin { patience.wait(seconds + Self.patience) }
                        onProgress(progress)
                    }
                    let report = child.waitForEnd()
                    continuation.resume(returning: StageExit(status: report.ending.status, peakMemory: report.peakMemory))
                }
            }
        } onCancel: {
            patience.wait(Self.patience)
            child.signal(SIGTERM)
        }
    }

    /// What a stage may see of the environment: nothing that could change its bytes, where Swift's libraries are and what is
    /// installed for Decant, and which vectors it may use, so that a machine with AVX-512 can show that its bytes are those of
    /// one without.
    private static var environment: [String: String] {
        var environment = ["LC_ALL": "C", "TZ": "UTC"]
        let seen = ["LD_LIBRARY_PATH", "DECANT_VECTORS", "DECANT_READERS", "XDG_CACHE_HOME", "HOME"]
        for name in seen { environment[name] = ProcessInfo.processInfo.environment[name] }
        return environment
    }

    private static func readProgress(from handle: FileHandle, onProgress: (StageProgress) -> Void) {
        var pending: [UInt8] = []
        while case let chunk = handle.availableData, !chunk.isEmpty {
            pending.append(contentsOf: chunk)
            while let end = pending.firstIndex(of: UInt8(ascii: "\n")) {
                if let line = try? JSON(parsing: pending[..<end]), let progress = StageProgress(json: line) {
                    onProgress(progress)
                }
                pending.removeSubrange(...end)
            }
        }
    }
}

/// Ends a child that was asked to end and does not, after the time that it was last given.
private final class Patience: Sendable {
    private let child: RunningProgram
    private let times = Mutex(0)

    init(with child: RunningProgram) { self.child = child }

    /// Gives the child so many seconds from now.
    func wait(_ seconds: Double) {
        let time = times.withLock { times in
            times += 1
            return times
        }
        DispatchQueue.global().asyncAfter(deadline: .now() + seconds) { [self] in
            if times.withLock({ $0 }) == time { child.signal(SIGKILL) }
        }
    }
}
