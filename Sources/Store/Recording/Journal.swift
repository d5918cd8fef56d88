import BuildModel
import Foundation
import Synchronization

/// A file that only grows: lines, each after its SHA-256, that one process at a time may add to.
///
/// ```
/// <sha256> {…}⏎
/// ```
///
/// A line is on the disk when `append` returns. One that a process left half written is dropped by the next owner, one that
/// does not fit its SHA-256 is passed over: both count as never written.
package final class Journal: Sendable {
    private let file: URL
    /// Held as long as this value is there.
    private let lock: FileLock
    private let descriptor: Int32
    /// Bytes of whole lines.
    private let size: Mutex<Int>

    init(_ file: URL, lock: FileLock) throws(StoreError) {
        self.file = file
        self.lock = lock
        let isNew = !FileManager.default.fileExists(atPath: file.path)
        descriptor = open(file.path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw .cannotWrite(path: file.path, reason: StoreError.systemReason) }
        size = Mutex(0)
        if isNew { try DurableFile.flush(folder: file.deletingLastPathComponent()) }
        let whole = try Self.content(of: file).lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        guard ftruncate(descriptor, off_t(whole)) == 0 else {
            throw .cannotWrite(path: file.path, reason: StoreError.systemReason)
        }
        size.withLock { $0 = whole }
    }

    deinit { close(descriptor) }

    /// The lines that are what their digests say, in the order of being written.
    package func forEachLine(_ body: (ArraySlice<UInt8>) -> Void) throws(StoreError) { _ = try Self.read(file, body) }

    /// Adds a line, which has no line break. It is durable when this returns; where that fails the file is as it was.
    package func append(_ line: [UInt8]) throws(StoreError) {
        let bytes = Self.record(of: line)
        try size.withLock { size throws(StoreError) in
            do throws(StoreError) {
                try DurableFile.write(bytes, to: descriptor, path: file.path)
                guard fdatasync(descriptor) == 0 else {
                    throw .cannotWrite(path: file.path, reason: StoreError.systemReason)
                }
                size += bytes.count
            } catch {
                ftruncate(descriptor, off_t(size))
                throw error
            }
        }
    }

    /// Writes the file anew, without the lines that do not fit their digests. This value is of no use afterwards.
    func dropDamagedLines() throws(StoreError) {
        var bytes: [UInt8] = []
        try forEachLine { bytes += Self.record(of: $0) }
        let copy = file.appendingPathExtension("new")
        let output = open(copy.path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard output >= 0 else { throw .cannotWrite(path: copy.path, reason: StoreError.systemReason) }
        defer { close(output) }
        try DurableFile.write(bytes, to: output, path: copy.path)
        guard fsync(output) == 0 else { throw .cannotWrite(path: copy.path, reason: StoreError.systemReason) }
        try DurableFile.publish(copy, as: file)
    }

    /// A line as the file has it.
    private static func record(of line: some Collection<UInt8>) -> [UInt8] {
        Array(Digest(hashing: line).hex.utf8) + [UInt8(ascii: " ")] + line + [UInt8(ascii: "\n")]
    }

    /// Gives the whole lines of a file that fit their digests; what comes after the last line break is being written.
    ///
    /// - Returns: the numbers of the others, from 1.
    static func read(_ file: URL, _ body: (ArraySlice<UInt8>) -> Void) throws(StoreError) -> [Int] {
        var rest = try content(of: file)[...]
        var damaged: [Int] = []
        var number = 0
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            number += 1
            let line = rest[..<end]
            rest = rest[(end + 1)...]
            let content = line.dropFirst(65)
            let digest =
                line.count > 65 && line[line.startIndex + 64] == UInt8(ascii: " ")
                ? Digest(hex: String(decoding: line.prefix(64), as: UTF8.self)) : nil
            if let digest, Digest(hashing: content) == digest { body(content) } else { damaged.append(number) }
        }
        return damaged
    }

    private static func content(of file: URL) throws(StoreError) -> [UInt8] {
        do {
            return Array(try Data(contentsOf: file))
        } catch {
            throw .cannotRead(path: file.path, reason: error.localizedDescription)
        }
    }
}
