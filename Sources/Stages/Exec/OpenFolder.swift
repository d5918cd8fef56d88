import Foundation

/// A folder that is held open: what is in it is reached through it, one name at a time, and no link is followed.
///
/// A path can lead elsewhere at the next look; an open folder cannot.
final class OpenFolder {
    let descriptor: Int32

    /// What a name in a folder stands for.
    struct Entry {
        let name: EntryName
        let status: stat

        var isFolder: Bool { status.st_mode & S_IFMT == S_IFDIR }
        var isFile: Bool { status.st_mode & S_IFMT == S_IFREG }
    }

    /// A name as the kernel has it: any bytes but zero and the slash.
    struct EntryName {
        fileprivate let bytes: [CChar]

        init(_ text: String) { bytes = text.utf8CString.map { $0 } }
        fileprivate init(bytes: [CChar]) { self.bytes = bytes }

        /// `nil` where it is not UTF-8.
        var text: String? { String(validatingCString: bytes) }
        /// For a message.
        var shown: String { String(decoding: bytes.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self) }
    }

    /// - Throws: `POSIXError`, also where the last part of the path is a link.
    convenience init(at path: String) throws { try self.init(EntryName(path), in: AT_FDCWD) }

    convenience init(_ name: EntryName, in folder: OpenFolder) throws { try self.init(name, in: folder.descriptor) }

    private init(_ name: EntryName, in folder: Int32) throws {
        descriptor = openat(folder, name.bytes, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.failure }
    }

    deinit { close(descriptor) }

    private static var failure: POSIXError { POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }

    /// All that is in it, by the bytes of the names. What goes away meanwhile is left out.
    func entries() throws -> [Entry] {
        try names().compactMap { name in
            var status = stat()
            guard fstatat(descriptor, name.bytes, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return nil }
            return Entry(name: name, status: status)
        }
    }

    private func names() throws -> [EntryName] {
        // A stream of its own, because reading moves the descriptor that it reads.
        let another = openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard another >= 0, let stream = fdopendir(another) else { throw Self.failure }
        defer { closedir(stream) }
        var names: [[CChar]] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) {
                    Array(UnsafeBufferPointer(start: $0, count: strlen($0) + 1))
                }
            }
            if name != [46, 0], name != [46, 46, 0] { names.append(name) }
        }
        return names.sorted { $0.lexicographicallyPrecedes($1) }.map(EntryName.init(bytes:))
    }

    /// Opens a file to read it. A FIFO or a device that took its place is not waited for.
    func file(_ name: EntryName) throws -> FileHandle {
        let file = openat(descriptor, name.bytes, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
        guard file >= 0 else { throw Self.failure }
        return FileHandle(fileDescriptor: file, closeOnDealloc: true)
    }

    /// Makes a file, which must not be there, with the plain mode.
    func newFile(_ name: EntryName) throws -> FileHandle {
        let file = openat(descriptor, name.bytes, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw Self.failure }
        fchmod(file, 0o644)
        return FileHandle(fileDescriptor: file, closeOnDealloc: true)
    }

    /// The folder of that name, made if it is not there.
    func madeFolder(_ name: EntryName) throws -> OpenFolder {
        if mkdirat(descriptor, name.bytes, 0o755) != 0, errno != EEXIST { throw Self.failure }
        return try OpenFolder(name, in: self)
    }
}

extension OpenFolder {
    /// Removes a file, a link or a folder with all that is in it, also where the folders' modes forbid that.
    static func removeAll(at path: String) {
        if unlink(path) == 0 { return }
        chmod(path, 0o700)
        guard let folder = try? OpenFolder(at: path) else { return }
        // A folder that lies too deep to be reached in one go is moved up and comes next.
        while folder.removeContents(depth: 0, top: folder) {}
        rmdir(path)
    }

    private static let deepest = 200

    /// - Returns: whether something was moved up to `top`, which has to be gone over again.
    private func removeContents(depth: Int, top: OpenFolder) -> Bool {
        var hasMoved = false
        for name in (try? names()) ?? [] {
            if unlinkat(descriptor, name.bytes, 0) == 0 || errno == ENOENT { continue }
            fchmodat(descriptor, name.bytes, 0o700, 0)
            if depth == Self.deepest {
                let moved = EntryName("deep-\(UUID().uuidString)")
                hasMoved = renameat(descriptor, name.bytes, top.descriptor, moved.bytes) == 0 || hasMoved
            } else if let folder = try? OpenFolder(name, in: self) {
                hasMoved = folder.removeContents(depth: depth + 1, top: top) || hasMoved
                unlinkat(descriptor, name.bytes, AT_REMOVEDIR)
            }
        }
        return hasMoved
    }
}
