import BuildModel
import Foundation

/// The directory in which one process works on an action. Nobody else does until this value is gone: to own it is the right to
/// run the action.
///
/// What it holds is never read as a result. A checkpoint in it serves the next run of the same action.
package final class Scratch: Sendable {
    package let directory: URL
    private let lock: FileLock

    init(directory: URL, lock: FileLock) { (self.directory, self.lock) = (directory, lock) }

    /// Removes everything but what is named.
    package func clear(keeping name: String? = nil) throws(StoreError) {
        let files = FileManager.default
        try StoreError.onWriting(directory.path) {
            for entry in (try? files.contentsOfDirectory(atPath: directory.path)) ?? [] where entry != name {
                try files.removeItem(at: directory.appending(path: entry))
            }
        }
        try DurableFile.makeFolder(directory)
    }

    /// Where a directory of this name belongs, and nothing is.
    package func place(for name: String) throws(StoreError) -> URL {
        try clear()
        return directory.appending(path: name, directoryHint: .isDirectory)
    }

    /// Removes the directory: the action has its result.
    package func remove() { try? FileManager.default.removeItem(at: directory) }
}

extension Store {
    /// The directory for work on an action, as the last owner left it; `nil` where another process owns it.
    package func scratch(for key: Digest) throws(StoreError) -> Scratch? {
        try requireWritable()
        guard let lock = try FileLock(transient: layout.scratch.appending(path: key.hex + ".lock")) else { return nil }
        let scratch = Scratch(directory: layout.scratch.appending(path: key.hex, directoryHint: .isDirectory), lock: lock)
        try DurableFile.makeFolder(scratch.directory)
        return scratch
    }

    /// The same, waiting for whoever owns it. Throws `CancellationError` when the task is cancelled.
    package func awaitScratch(for key: Digest, onWait: @Sendable () -> Void = {}) async throws -> Scratch {
        try await waiting(onWait: onWait) { () throws(StoreError) in try scratch(for: key) }
    }
}
