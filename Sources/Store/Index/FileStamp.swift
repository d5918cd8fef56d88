import Foundation

/// What tells whether a file is still the one that was hashed.
struct FileStamp: Hashable, Sendable {
    var path: String
    var size: Int64
    /// Nanoseconds since 1970.
    var modified: Int64
    var inode: Int64

    /// `nil` where there is no such file.
    init?(path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        self.path = path
        size = Int64(status.st_size)
        modified = Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)
        inode = Int64(truncatingIfNeeded: status.st_ino)
    }

    /// Whether the file was last written so recently that a further write could leave the same stamp.
    var isRecent: Bool { Date().timeIntervalSince1970 - Double(modified) / 1e9 < 2 }
}
