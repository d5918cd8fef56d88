import Foundation

/// Everything below a folder that is no folder itself, as the file system has it: by names that are bytes.
///
/// What could not be looked at is named, never left out in silence.
package struct FolderListing {
    package enum Kind { case file, link, special }

    package struct Entry {
        /// Below the folder.
        package var path: String
        package var kind: Kind
    }

    /// Sorted by the bytes of their paths.
    package private(set) var entries: [Entry] = []
    /// Names that are not UTF-8, as far as they can be shown.
    package private(set) var unspeakable: [String] = []
    /// What could not be read.
    package private(set) var failures: [(path: String, reason: String)] = []

    private let followsLinks: Bool
    private var seen: Set<[UInt64]> = []

    /// - Parameter followsLinks: whether a link counts as what it leads to; otherwise it is an entry of its own.
    /// - Returns: `nil` where there is no such folder.
    package init?(of folder: URL, followsLinks: Bool) {
        self.followsLinks = followsLinks
        var status = stat()
        if lstat(folder.path, &status) != 0, errno == ENOENT { return nil }
        list(folder.path, prefix: "")
        entries.sort { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
    }

    /// Every entry's path. Throws for the first thing that could not be read.
    package func paths() throws(StoreError) -> [String] {
        if let failure = failures.first { throw .cannotRead(path: failure.path, reason: failure.reason) }
        return entries.map(\.path)
    }

    private mutating func list(_ folder: String, prefix: String) {
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0, let stream = fdopendir(descriptor) else {
            failures.append((folder, StoreError.systemReason))
            if descriptor >= 0 { close(descriptor) }
            return
        }
        defer { closedir(stream) }
        var status = stat()
        // A link may lead back to a folder above it.
        guard fstat(descriptor, &status) == 0, seen.insert([UInt64(status.st_dev), UInt64(status.st_ino)]).inserted else {
            return
        }
        var folders: [String] = []
        while true {
            errno = 0
            guard let entry = readdir(stream) else {
                if errno != 0 { failures.append((folder, StoreError.systemReason)) }
                break
            }
            let bytes = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
            guard let name = String(validating: bytes, as: UTF8.self) else {
                unspeakable.append(prefix + String(decoding: bytes, as: UTF8.self))
                continue
            }
            if name == "." || name == ".." { continue }
            switch place(folder + "/" + name) {
            case .entry(let kind): entries.append(Entry(path: prefix + name, kind: kind))
            case .folder: folders.append(name)
            case .unreadable(let reason): failures.append((folder + "/" + name, reason))
            case .gone: continue
            }
        }
        for name in folders { list(folder + "/" + name, prefix: prefix + name + "/") }
    }

    private enum Place { case entry(Kind), folder, unreadable(String), gone }

    private func place(_ path: String) -> Place {
        var status = stat()
        guard (followsLinks ? stat : lstat)(path, &status) == 0 else {
            let (error, reason) = (errno, StoreError.systemReason)
            // A link to nothing is there, and cannot be looked at.
            return error == ENOENT && lstat(path, &status) != 0 ? .gone : .unreadable(reason)
        }
        switch status.st_mode & S_IFMT {
        case S_IFREG: return .entry(.file)
        case S_IFDIR: return .folder
        case S_IFLNK: return .entry(.link)
        default: return .entry(.special)
        }
    }
}
