import BuildModel
import Foundation

/// Runs one prepared stage somewhere: in a child process here, on a remote worker, in a cluster's queue.
public protocol Runner: Sendable {
    /// Runs the stage whose directory is given and returns when it has ended.
    ///
    /// - Returns: the process's exit status; negative for the signal that ended it.
    func run(_ workspace: StageWorkspace, onProgress: @escaping @Sendable (StageProgress) -> Void) async throws -> Int32
}

/// The directory of one running stage: all that a runner and a stage see of a build.
///
/// ```
/// action.json      the action, canonical
/// inputs/<name>/   the files of each input artifact
/// outputs/         empty at first; the artifact when the stage is done
/// log              what the stage wrote to standard error
/// ```
public struct StageWorkspace: Sendable {
    public let directory: URL

    public init(directory: URL) { self.directory = directory }

    public var actionFile: URL { directory.appending(path: "action.json") }
    public var inputs: URL { directory.appending(path: "inputs", directoryHint: .isDirectory) }
    public var outputs: URL { directory.appending(path: "outputs", directoryHint: .isDirectory) }
    public var log: URL { directory.appending(path: "log") }
    public var checkpoint: URL { directory.appending(path: "checkpoint", directoryHint: .isDirectory) }

    public func input(_ name: String) -> URL { inputs.appending(path: name, directoryHint: .isDirectory) }

    /// The last lines of the log, for a failure's report.
    func logTail(lines: Int = 20) -> [String] {
        guard let content = try? Data(contentsOf: log) else { return [] }
        return String(decoding: content.suffix(64 << 10), as: UTF8.self)
            .split(separator: "\n").suffix(lines).map(String.init)
    }
}
