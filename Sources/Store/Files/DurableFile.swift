import BuildModel
import Dispatch
import Files
import Foundation

/// Files that are either wholly there or not at all, whatever happens to the process.
enum DurableFile {
    /// A copy of a file under a name of its own, hashed on the way and flushed to the disk.
    ///
    /// - Parameter ending: of the name.
    static func copy(
        _ source: String, into folder: URL, ending: String = ""
    ) throws(StoreError) -> (file: URL, digest: Digest, size: Int) {
        let input = try OpenFile(readingFile: source)
        let file = folder.appending(path: UUID().uuidString + ending)
        let output = try OpenFile(writing: file.path, flags: O_WRONLY | O_CREAT | O_EXCL, mode: 0o444)
        do throws(StoreError) {
            let (digest, size) = try hash(input) { bytes throws(StoreError) in try output.write(bytes) }
            try output.flush()
            return (file, digest, size)
        } catch {
            unlink(file.path)
            throw error
        }
    }

    /// Hashes a file without copying it.
    static func digest(of path: String) throws(StoreError) -> (digest: Digest, size: Int) {
        try hash(OpenFile(readingFile: path)) { _ throws(StoreError) in }
    }

    /// Makes a finished file read-only, hashes it and flushes it to the disk; `nil` where it has other names, through which
    /// somebody could still write to it.
    static func finish(_ path: String) throws(StoreError) -> (digest: Digest, size: Int)? {
        let file = try OpenFile(readingFile: path, flags: O_NOFOLLOW)
        var status = stat()
        guard fstat(file.descriptor, &status) == 0, status.st_nlink == 1 else { return nil }
        try file.writing { fchmod($0, 0o444) }
        let finished = try hash(file) { _ throws(StoreError) in }
        try file.flush()
        return finished
    }

    /// Gives a finished file its final name and makes the name durable.
    ///
    /// - Parameter top: a folder above; those between it and the file are made where they are not there, and are durable too.
    static func publish(_ file: URL, as destination: URL, below top: URL) throws(StoreError) {
        let folder = destination.deletingLastPathComponent()
        try DurableFolder.make(folder, below: top)
        try move(file.path, to: destination)
        try DurableFolder.flush(folder)
    }

    /// Makes a folder for work in progress and those above it, where they are not there.
    package static func makeFolder(_ folder: URL) throws(StoreError) {
        try StoreError.onWriting(folder.path) {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        }
    }

    /// Renames a file. One on another disk is copied beside its destination first.
    static func move(_ path: String, to destination: URL) throws(StoreError) {
        if rename(path, destination.path) == 0 { return }
        guard errno == EXDEV else { throw .cannotWrite(path: destination.path, reason: StoreError.systemReason) }
        let copy = try copy(path, into: destination.deletingLastPathComponent(), ending: arriving).file.path
        guard rename(copy, destination.path) == 0 else {
            let reason = StoreError.systemReason
            unlink(copy)
            throw .cannotWrite(path: destination.path, reason: reason)
        }
        unlink(path)
    }

    /// The end of the name of a file that is being copied from another disk.
    static let arriving = ".arriving"

    private static func hash(
        _ input: borrowing OpenFile, forEach: (UnsafeRawBufferPointer) throws(StoreError) -> Void
    ) throws(StoreError) -> (digest: Digest, size: Int) {
        var hasher = DigestHasher()
        var size = 0
        func take(_ bytes: UnsafeRawBufferPointer) throws(StoreError) {
            hasher.update(bytes)
            try forEach(bytes)
            size += bytes.count
        }
        var status = stat()
        if fstat(input.descriptor, &status) == 0, status.st_size >= largeSize {
            if let failure = try ReadAhead.forEach(input.descriptor, take) {
                throw .cannotRead(path: input.path, reason: String(cString: strerror(failure)))
            }
            return (hasher.finish(), size)
        }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 64)
        defer { buffer.deallocate() }
        while true {
            let count = read(input.descriptor, buffer.baseAddress, buffer.count)
            guard count >= 0 else { throw .cannotRead(path: input.path, reason: StoreError.systemReason) }
            if count == 0 { return (hasher.finish(), size) }
            try take(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
    }

    /// Bytes from which on a second thread reads ahead.
    private static let largeSize = 8 << 20
}

/// Reads a file ahead of whoever works on its bytes, so that reading and hashing go on side by side.
private enum ReadAhead {
    private static let bufferSize = 1 << 20
    private static let bufferCount = 3

    /// Calls a body with all bytes of a file in order.
    ///
    /// - Returns: nothing, or the number of the system's error.
    /// - Throws: what the body throws; then no more is read.
    static func forEach(
        _ descriptor: Int32, _ body: (UnsafeRawBufferPointer) throws(StoreError) -> Void
    ) throws(StoreError) -> Int32? {
        let ring = Ring(bufferCount, bufferSize)
        let reading = DispatchGroup()
        DispatchQueue.global().async(group: reading) { ring.fill(from: descriptor) }
        defer {
            ring.stop()
            reading.wait()
        }
        var place = 0
        while true {
            let count = ring.waitForFilled(place)
            guard count > 0 else { return count == 0 ? nil : Int32(-count) }
            try body(UnsafeRawBufferPointer(rebasing: ring.buffers[place][..<count]))
            ring.release()
            place = (place + 1) % bufferCount
        }
    }

    /// Buffers that one thread fills and another one empties, in turns. The semaphores say whose each is.
    private final class Ring: @unchecked Sendable {
        let buffers: [UnsafeMutableRawBufferPointer]
        /// Bytes in each; negative for an error of the system.
        private var counts: [Int]
        private var isStopped = false
        private let filled = DispatchSemaphore(value: 0)
        private let free = DispatchSemaphore(value: 0)

        init(_ count: Int, _ size: Int) {
            buffers = (0..<count).map { _ in .allocate(byteCount: size, alignment: 64) }
            counts = Array(repeating: 0, count: count)
            for _ in buffers { free.signal() }
        }

        deinit { for buffer in buffers { buffer.deallocate() } }

        func fill(from descriptor: Int32) {
            var place = 0
            while true {
                free.wait()
                if isStopped { return }
                let count = read(descriptor, buffers[place].baseAddress, buffers[place].count)
                counts[place] = count < 0 ? -Int(errno) : count
                filled.signal()
                if count <= 0 { return }
                place = (place + 1) % buffers.count
            }
        }

        func waitForFilled(_ place: Int) -> Int {
            filled.wait()
            return counts[place]
        }

        func release() { free.signal() }

        /// Lets the filling thread end.
        func stop() {
            isStopped = true
            free.signal()
        }
    }
}

/// An open file, closed with this value.
package struct OpenFile: ~Copyable, Sendable {
    package let descriptor: Int32
    let path: String

    package init(reading path: String, flags: Int32 = 0) throws(StoreError) {
        self.path = path
        descriptor = open(path, O_RDONLY | O_CLOEXEC | flags)
        guard descriptor >= 0 else { throw .cannotRead(path: path, reason: StoreError.systemReason) }
    }

    /// A file that somebody named.
    package init(readingFile path: String, flags: Int32 = 0) throws(StoreError) {
        self.path = path
        descriptor = try Self.descriptor(ofFile: path, flags)
    }

    private static func descriptor(ofFile path: String, _ flags: Int32) throws(StoreError) -> Int32 {
        do throws(FileProblem) {
            let file = try RegularFile(path, flags: flags)
            let descriptor = fcntl(file.descriptor, F_DUPFD_CLOEXEC, 0)
            if descriptor >= 0 { return descriptor }
        } catch {
            throw .cannotRead(path: path, reason: error.reason)
        }
        throw .cannotRead(path: path, reason: StoreError.systemReason)
    }

    package init(writing path: String, flags: Int32, mode: mode_t = 0o666) throws(StoreError) {
        self.path = path
        descriptor = open(path, O_CLOEXEC | flags, mode)
        guard descriptor >= 0 else { throw .cannotWrite(path: path, reason: StoreError.systemReason) }
    }

    deinit { close(descriptor) }

    /// Runs a system call that writes; what it reports as a failure is thrown.
    func writing(_ call: (Int32) -> Int32) throws(StoreError) {
        guard call(descriptor) == 0 else { throw .cannotWrite(path: path, reason: StoreError.systemReason) }
    }

    /// Makes sure that everything written is on the disk.
    func flush() throws(StoreError) { try writing(fsync) }

    /// Writes all bytes at the descriptor's position.
    package func write(_ bytes: UnsafeRawBufferPointer) throws(StoreError) {
        var rest = bytes
        while !rest.isEmpty {
            let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
            guard count >= 0 else { throw .cannotWrite(path: path, reason: StoreError.systemReason) }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
    }

    package func write(_ content: [UInt8]) throws(StoreError) {
        try content.withUnsafeBufferPointer { content throws(StoreError) in try write(UnsafeRawBufferPointer(content)) }
    }
}
