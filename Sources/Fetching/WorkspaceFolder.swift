import Foundation

/// A folder of one fetch. It is locked as long as this object lives, so that others can tell what a killed process left.
final class WorkspaceFolder: Sendable {
    let url: URL
    private let lock: Int32

    private static let prefix = "decant-fetch-"
    private static let lockName = ".lock"

    /// Makes a folder below another one, and removes those there whose processes are gone.
    init(in place: URL) throws {
        Self.removeAbandoned(in: place)
        url = place.appending(path: Self.prefix + UUID().uuidString, directoryHint: .isDirectory)
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        lock = open(url.appending(path: Self.lockName).path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        flock(lock, LOCK_EX | LOCK_NB)
    }

    deinit { close(lock) }

    func remove() { try? FileManager.default.removeItem(at: url) }

    private static func removeAbandoned(in place: URL) {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: place.path)) ?? []
        for name in names where name.hasPrefix(prefix) {
            let folder = place.appending(path: name, directoryHint: .isDirectory)
            // A folder without a lock is being made.
            let lock = open(folder.appending(path: lockName).path, O_RDWR | O_CLOEXEC | O_NOFOLLOW)
            guard lock >= 0 else { continue }
            if flock(lock, LOCK_EX | LOCK_NB) == 0 { try? FileManager.default.removeItem(at: folder) }
            close(lock)
        }
    }
}
