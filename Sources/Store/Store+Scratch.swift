import BuildModel
import Foundation

extension Store {
    /// An empty directory for this process's work on an action. What killed processes left there is removed.
    public func makeScratch(for key: Digest) throws(StoreError) -> URL {
        let folder = layout.scratch.appending(path: key.hex, directoryHint: .isDirectory)
        let directory = folder.appending(path: String(getpid()), directoryHint: .isDirectory)
        let files = FileManager.default
        for owner in (try? files.contentsOfDirectory(atPath: folder.path)) ?? [] {
            let isAlive = Int32(owner).map { $0 != getpid() && (kill($0, 0) == 0 || errno == EPERM) } ?? false
            if !isAlive { try? files.removeItem(at: folder.appending(path: owner)) }
        }
        do {
            try files.createDirectory(at: directory, withIntermediateDirectories: true)
        } catch {
            throw .cannotWrite(path: directory.path, reason: error.localizedDescription)
        }
        return directory
    }

    /// Removes this process's scratch directory of an action.
    public func removeScratch(for key: Digest) {
        let folder = layout.scratch.appending(path: key.hex, directoryHint: .isDirectory)
        try? FileManager.default.removeItem(at: folder.appending(path: String(getpid())))
        rmdir(folder.path)
    }
}
