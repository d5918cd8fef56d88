import BuildModel
import Foundation

/// Files that are either wholly there or not at all, whatever happens to the process.
enum DurableFile {
    /// A copy of a file under a name of its own, hashed on the way and flushed to the disk.
    static func copy(_ source: String, into folder: URL) throws(StoreError) -> (file: URL, digest: Digest, size: Int) {
        let input = open(source, O_RDONLY | O_CLOEXEC)
        guard input >= 0 else { throw .cannotRead(path: source, reason: StoreError.systemReason) }
        defer { close(input) }
        let file = folder.appending(path: UUID().uuidString)
        let output = open(file.path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o444)
        guard output >= 0 else { throw .cannotWrite(path: file.path, reason: StoreError.systemReason) }
        defer { close(output) }
        do throws(StoreError) {
            let (digest, size) = try hash(input, path: source) { bytes throws(StoreError) in
                try write(bytes, to: output, path: file.path)
            }
            guard fsync(output) == 0 else { throw .cannotWrite(path: file.path, reason: StoreError.systemReason) }
            return (file, digest, size)
        } catch {
            unlink(file.path)
            throw error
        }
    }

    /// Hashes a file without copying it.
    static func digest(of path: String) throws(StoreError) -> (digest: Digest, size: Int) {
        let input = open(path, O_RDONLY | O_CLOEXEC)
        guard input >= 0 else { throw .cannotRead(path: path, reason: StoreError.systemReason) }
        defer { close(input) }
        return try hash(input, path: path) { _ throws(StoreError) in }
    }

    /// Makes a finished file read-only, hashes it and flushes it to the disk; `nil` where it has other names, through which
    /// somebody could still write to it.
    static func seal(_ path: String) throws(StoreError) -> (digest: Digest, size: Int)? {
        let input = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard input >= 0 else { throw .cannotRead(path: path, reason: StoreError.systemReason) }
        defer { close(input) }
        var status = stat()
        guard fstat(input, &status) == 0, status.st_nlink == 1 else { return nil }
        guard fchmod(input, 0o444) == 0 else { throw .cannotWrite(path: path, reason: StoreError.systemReason) }
        let sealed = try hash(input, path: path) { _ throws(StoreError) in }
        guard fsync(input) == 0 else { throw .cannotWrite(path: path, reason: StoreError.systemReason) }
        return sealed
    }

    /// Gives a finished file its final name and makes the name durable. An equal file that is already there stays.
    static func publish(_ file: URL, as destination: URL) throws(StoreError) {
        let folder = destination.deletingLastPathComponent()
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        } catch {
            throw .cannotWrite(path: folder.path, reason: error.localizedDescription)
        }
        guard rename(file.path, destination.path) == 0 else {
            throw .cannotWrite(path: destination.path, reason: StoreError.systemReason)
        }
        try flush(folder: folder)
    }

    /// Makes the names in a folder durable.
    static func flush(folder: URL) throws(StoreError) {
        let descriptor = open(folder.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .cannotWrite(path: folder.path, reason: StoreError.systemReason) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw .cannotWrite(path: folder.path, reason: StoreError.systemReason) }
    }

    private static func hash(
        _ input: Int32, path: String, forEach: (UnsafeRawBufferPointer) throws(StoreError) -> Void
    ) throws(StoreError) -> (digest: Digest, size: Int) {
        var hasher = DigestHasher()
        var size = 0
        func take(_ bytes: UnsafeRawBufferPointer) throws(StoreError) {
            hasher.update(bytes)
            try forEach(bytes)
            size += bytes.count
        }
        var status = stat()
        if fstat(input, &status) == 0, status.st_size >= largeSize {
            if let failure = try ReadAhead.forEach(input, take) {
                throw .cannotRead(path: path, reason: String(cString: strerror(failure)))
            }
            return (hasher.finish(), size)
        }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 64)
        defer { buffer.deallocate() }
        while true {
            let count = read(input, buffer.baseAddress, buffer.count)
            guard count >= 0 else { throw .cannotRead(path: path, reason: StoreError.systemReason) }
            if count == 0 { return (hasher.finish(), size) }
            try take(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
    }

    /// Bytes from which on a second thread reads ahead.
    private static let largeSize = 8 << 20

    /// Writes all of it where the descriptor stands.
    static func write(_ content: [UInt8], to output: Int32, path: String) throws(StoreError) {
        let failure = content.withUnsafeBytes { bytes -> StoreError? in
            do throws(StoreError) {
                try write(bytes, to: output, path: path)
                return nil
            } catch {
                return error
            }
        }
        if let failure { throw failure }
    }

    private static func write(_ bytes: UnsafeRawBufferPointer, to output: Int32, path: String) throws(StoreError) {
        var rest = bytes
        while !rest.isEmpty {
            let count = Glibc.write(output, rest.baseAddress, rest.count)
            guard count >= 0 else { throw .cannotWrite(path: path, reason: StoreError.systemReason) }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
    }
}
