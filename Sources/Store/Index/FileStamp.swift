import BuildModel
import CFileSystem
import Foundation
import GRDB

/// What tells whether a file is still the one that was hashed.
///
/// A file's content cannot change without its time of change (ctime), which no program can set. Size, time of modification and
/// inode can all come out equal: a freed inode is handed on at once, and archives are unpacked with the times that they name.
struct FileStamp: Hashable, Sendable {
    var path: String
    var size: Int64
    /// Nanoseconds since 1970.
    var modified: Int64
    /// Of content or names, nanoseconds since 1970.
    var changed: Int64
    var inode: Int64
    var device: Int64

    /// `nil` where there is no such file, or where its file system may give times that are not its own.
    init?(path: String) {
        var status = stat()
        guard stat(path, &status) == 0, Self.honestSystems.contains(decant_file_system(path)) else { return nil }
        self.path = path
        size = Int64(status.st_size)
        modified = Self.nanoseconds(status.st_mtim)
        changed = Self.nanoseconds(status.st_ctim)
        inode = Int64(truncatingIfNeeded: status.st_ino)
        device = Int64(truncatingIfNeeded: status.st_dev)
    }

    private static func nanoseconds(_ time: timespec) -> Int64 { Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec) }

    /// Magic numbers of the file systems whose times of change Linux keeps itself (statfs(2)): ext, XFS, Btrfs, tmpfs, overlayfs,
    /// F2FS, bcachefs, ZFS. Files behind networks, FUSE and FAT are hashed each time.
    private static let honestSystems: Set<UInt32> = [
        0xEF53, 0x5846_5342, 0x9123_683E, 0x0102_1994, 0x794C_7630, 0xF2F5_2010, 0xCA45_1A4E, 0x2FC1_2FC1,
    ]

    /// Hashing so many bytes takes a millisecond: no stamp is worth a doubt then.
    private static let smallSize = 1 << 20

    /// A file that is mapped into memory may change for some 35 s before its time does, and clocks tick in milliseconds.
    private static let grain = 60.0

    /// Whether the stamp tells enough. A small file is always hashed, and so is one that changed a short time ago, or in the
    /// future.
    var isTrusted: Bool {
        size > Self.smallSize && Date().timeIntervalSince1970 - Double(max(modified, changed)) / 1e9 > Self.grain
    }
}

extension Index {
    /// The digest of a file whose stamp is as it was when the file was hashed.
    func digest(of file: FileStamp) throws(StoreError) -> Digest? {
        let row = try read { database in
            try Row.fetchOne(
                database,
                sql: """
                    SELECT digest, seal FROM file
                    WHERE path = ? AND size = ? AND modified = ? AND changed = ? AND inode = ? AND device = ?
                    """,
                arguments: [file.path, file.size, file.modified, file.changed, file.inode, file.device]
            ).map { (digest: $0.column(0, as: String.self), checksum: $0.column(1, as: Int64.self)) }
        }
        guard let row, let digest = row.digest, row.checksum == Self.checksum(file, digest: digest) else { return nil }
        return Digest(hex: digest)
    }

    func remember(_ file: FileStamp, digest: Digest) throws(StoreError) {
        try write { database in
            try database.execute(
                sql: "INSERT OR REPLACE INTO file VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                arguments: [
                    file.path, file.size, file.modified, file.changed, file.inode, file.device, digest.hex,
                    Self.checksum(file, digest: digest.hex),
                ])
        }
    }

    private static func checksum(_ file: FileStamp, digest: String) -> Int64 {
        var checksum = RowChecksum()
        checksum.add(file.path)
        for number in [file.size, file.modified, file.changed, file.inode, file.device] { checksum.add(number) }
        checksum.add(digest)
        return checksum.value
    }
}
