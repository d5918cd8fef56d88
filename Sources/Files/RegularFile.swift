import Foundation

/// A file that somebody named, open for reading: a file on a disk, and nothing that waits, never ends or acts when it is read.
///
/// Every path that a person or a recipe names is opened here. The check is made on what was opened, so nobody can put another
/// thing in its place.
package struct RegularFile: ~Copyable {
    package let descriptor: Int32
    package let path: String
    /// Bytes, when it was opened.
    package let size: Int

    package init(_ path: String, flags: Int32 = 0) throws(FileProblem) {
        (descriptor, size) = try Self.opened(path, flags)
        self.path = path
    }

    private static func opened(_ path: String, _ flags: Int32) throws(FileProblem) -> (Int32, size: Int) {
        // A named pipe would wait for its writer; a terminal would become ours.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | flags)
        guard descriptor >= 0 else { throw FileProblem(path: path, kind: reasonOfRefusal(errno)) }
        var status = stat()
        let isKnown = fstat(descriptor, &status) == 0
        let kind = isKnown ? problem(of: descriptor, status) : .unreadable(reason: String(cString: strerror(errno)))
        if let kind {
            close(descriptor)
            throw FileProblem(path: path, kind: kind)
        }
        // What is left is a file, which is always ready.
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) & ~O_NONBLOCK)
        return (descriptor, Int(status.st_size))
    }

    deinit { close(descriptor) }

    /// Why a path cannot be read as a file; `nil` where it can.
    package static func problem(at path: String) -> FileProblem? {
        do {
            _ = try RegularFile(path)
            return nil
        } catch {
            return error
        }
    }

    /// All bytes.
    ///
    /// - Parameter limit: bytes, at most.
    package static func contents(of path: String, limit: Int) throws(FileProblem) -> [UInt8] {
        let file = try RegularFile(path)
        guard file.size <= limit else { throw FileProblem(path: path, kind: .tooLarge(limit: limit)) }
        let content = try file.bytes(beyond: limit)
        guard content.count <= limit else { throw FileProblem(path: path, kind: .tooLarge(limit: limit)) }
        return content
    }

    /// The first bytes, and whether they are all.
    ///
    /// - Parameter limit: bytes, at most.
    package static func beginning(
        of path: String, limit: Int
    ) throws(FileProblem) -> (bytes: [UInt8], isWhole: Bool) {
        let content = try RegularFile(path).bytes(beyond: limit)
        return content.count <= limit ? (content, true) : (Array(content.prefix(limit)), false)
    }

    /// All bytes, or more than the limit.
    private func bytes(beyond limit: Int) throws(FileProblem) -> [UInt8] {
        var content: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 256 << 10)
        while content.count <= limit {
            let count = read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else {
                throw FileProblem(path: path, kind: .unreadable(reason: String(cString: strerror(errno))))
            }
            if count == 0 { break }
            content += buffer[..<count]
        }
        return content
    }

    private static func reasonOfRefusal(_ number: Int32) -> FileProblem.Kind {
        switch number {
        case ENOENT, ENOTDIR: .missing
        // A socket, or a pipe that nobody opened.
        case ENXIO, ENODEV: .special("a socket or a device")
        default: .unreadable(reason: String(cString: strerror(number)))
        }
    }

    private static func problem(of descriptor: Int32, _ status: stat) -> FileProblem.Kind? {
        switch status.st_mode & S_IFMT {
        case S_IFREG: isMadeUp(descriptor, status) ? .special("made up by the system when it is read") : nil
        case S_IFDIR: .folder
        case S_IFIFO: .special("a named pipe")
        case S_IFSOCK: .special("a socket")
        case S_IFCHR, S_IFBLK: .special("a device")
        default: .special("no file")
        }
    }

    /// Whether a file is an answer of the kernel, as those of `/proc` and `/sys` are: nothing of it lies on a disk, and its
    /// content is not as long as it says.
    private static func isMadeUp(_ descriptor: Int32, _ status: stat) -> Bool {
        guard status.st_blocks == 0 else { return false }
        var buffer = [UInt8](repeating: 0, count: 4096)
        let expected = min(Int(status.st_size), buffer.count)
        return pread(descriptor, &buffer, max(expected, 1), 0) != expected
    }
}

/// Why something that was named is no file to read, in a sentence.
package struct FileProblem: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Kind: Hashable, Sendable {
        case missing
        case folder
        /// What it is instead.
        case special(String)
        case tooLarge(limit: Int)
        case unreadable(reason: String)
    }

    package var path: String
    package var kind: Kind

    package init(path: String, kind: Kind) { (self.path, self.kind) = (path, kind) }

    package var description: String { "\(path): \(reason)" }

    /// Without the path.
    package var reason: String {
        switch kind {
        case .missing: "there is no such file"
        case .folder: "it is a folder; name a file"
        case .special(let what): "it is \(what); name a file on a disk, or copy its content into one"
        case .tooLarge(let limit): "it has more than \(limit) bytes, the limit for such a file"
        case .unreadable(let reason): reason
        }
    }
}
