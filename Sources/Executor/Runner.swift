import BuildModel
import Foundation

/// Runs one prepared stage somewhere: in a child process here, on a remote worker, in a cluster's queue.
package protocol Runner: Sendable {
    /// Runs the stage whose directory is given and returns when it has ended. When the task is cancelled the stage is asked to
    /// stop, and made to soon after, or after the time that its progress says it needs to save its work.
    ///
    /// - Parameter threads: that the stage may use. No result depends on it.
    func run(
        _ workspace: StageWorkspace, threads: Int, onProgress: @escaping @Sendable (StageProgress) -> Void
    ) async throws -> StageExit
}

/// The directory of one running stage: all that a runner and a stage see of a build.
///
/// ```
/// action.json      the action, canonical
/// inputs/<name>/   the files of each input artifact
/// outputs/         empty at first; the artifact when the stage is done
/// checkpoint/      what an earlier run of the same action left to go on from
/// log              what the stage wrote to standard error
/// progress.jsonl   what it reported so far, for whoever looks at it; never a result
/// questions.jsonl  what a stage wants to ask a model behind a server: the stage has no network
/// answers.jsonl    the answers, when the stage is run once more
/// ```
package struct StageWorkspace: Sendable {
    package let directory: URL
    /// Whether a command of the stage must be kept from everything around it, or not run: it came from elsewhere.
    package var needsIsolation = false

    package init(directory: URL) { self.directory = directory }

    static let checkpointName = "checkpoint"

    package var actionFile: URL { directory.appending(path: "action.json") }
    package var inputs: URL { directory.appending(path: "inputs", directoryHint: .isDirectory) }
    package var outputs: URL { directory.appending(path: "outputs", directoryHint: .isDirectory) }
    package var checkpoint: URL { directory.appending(path: Self.checkpointName, directoryHint: .isDirectory) }
    package var log: URL { directory.appending(path: "log") }
    package var progress: URL { directory.appending(path: "progress.jsonl") }

    package var questions: URL { directory.appending(path: "questions.jsonl") }
    package var answers: URL { directory.appending(path: "answers.jsonl") }

    package func input(_ name: String) -> URL { inputs.appending(path: name, directoryHint: .isDirectory) }

    /// Whether there is something to go on from.
    var hasCheckpoint: Bool {
        ((try? FileManager.default.contentsOfDirectory(atPath: checkpoint.path)) ?? []).contains { !$0.hasPrefix(".") }
    }

    /// The last lines of the log, for a failure's report.
    func logTail(lines: Int = 20) -> [String] {
        guard let file = try? FileHandle(forReadingFrom: log), let size = try? file.seekToEnd() else { return [] }
        defer { try? file.close() }
        try? file.seek(toOffset: size - min(size, 64 << 10))
        guard let content = try? file.readToEnd() else { return [] }
        return String(decoding: content, as: UTF8.self).split(separator: "\n").suffix(lines).map(String.init)
    }
}
