import Foundation
import Synchronization

/// Folders whose names are on the disk: after a loss of power, what lies in them can still be found.
enum DurableFolder {
    /// Paths whose names this process has flushed.
    private static let known = Mutex<Set<String>>([])

    /// Makes a folder and those between it and another one, where they are not there, and makes their names durable.
    ///
    /// A folder that is there may have been made a moment ago by a process that was killed since. So each process that relies
    /// on a name flushes it, once.
    ///
    /// - Parameter top: a folder above, which is there.
    static func make(_ folder: URL, below top: URL) throws(StoreError) {
        let path = folder.path
        guard path.utf8.count > top.path.utf8.count else { return }
        let isKnown = known.withLock { $0.contains(path) }
        guard !isKnown || access(path, F_OK) != 0 else { return }
        let parent = folder.deletingLastPathComponent()
        try make(parent, below: top)
        guard mkdir(path, 0o777) == 0 || errno == EEXIST else {
            throw .cannotWrite(path: path, reason: StoreError.systemReason)
        }
        try flush(parent)
        known.withLock { _ = $0.insert(path) }
    }

    /// Makes a folder and those above it, where they are not there, and makes the new names durable.
    static func make(_ folder: URL) throws(StoreError) {
        var top = folder.standardizedFileURL
        while access(top.path, F_OK) != 0, top.path != "/" { top.deleteLastPathComponent() }
        try make(folder.standardizedFileURL, below: top)
    }

    /// Empty folders were removed: who makes them again must flush them again.
    static func forgetAll() { known.withLock { $0 = [] } }

    /// Makes the names in a folder durable.
    static func flush(_ folder: URL) throws(StoreError) {
        // A folder of others may be written and not read; then nobody but them can flush it.
        guard access(folder.path, R_OK) == 0 || errno != EACCES else { return }
        try OpenFile(writing: folder.path, flags: O_RDONLY | O_DIRECTORY).flush()
    }

    /// Makes all names below a folder durable, and the files too unless they are so already.
    static func flushAll(below folder: URL, filesToo: Bool = true) throws(StoreError) {
        for path in [""] + ((try? FileManager.default.subpathsOfDirectory(atPath: folder.path)) ?? []) {
            let place = folder.appending(path: path)
            var isFolder: ObjCBool = false
            guard FileManager.default.fileExists(atPath: place.path, isDirectory: &isFolder) else { continue }
            if isFolder.boolValue || filesToo { try OpenFile(writing: place.path, flags: O_RDONLY).flush() }
        }
    }
}
