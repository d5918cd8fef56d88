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
    private let output: OpenFile
    /// Bytes of whole lines.
    private let size: Mutex<Int>

    init(_ file: URL, lock: FileLock) throws(StoreError) {
        (self.file, self.lock) = (file, lock)
        let isNew = !FileManager.default.fileExists(atPath: file.path)
        output = try OpenFile(writing: file.path, flags: O_RDWR | O_CREAT | O_APPEND)
        if isNew { try DurableFolder.flush(file.deletingLastPathComponent()) }
        let whole = try Self.content(of: file).lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        size = Mutex(whole)
        try output.writing { ftruncate($0, off_t(whole)) }
    }

    /// The lines that are what their digests say, in the order of being written.
    package func forEachLine(_ body: (ArraySlice<UInt8>) -> Void) throws(StoreError) { _ = try Self.read(file, body) }

    /// Adds a line, which has no line break. It is durable when this returns; where that fails the file is as it was.
    package func append(_ line: [UInt8]) throws(StoreError) {
        let bytes = Self.record(of: line)
        try size.withLock { size throws(StoreError) in
            do throws(StoreError) {
                try output.write(bytes)
                try output.writing(fdatasync)
                size += bytes.count
            } catch {
                ftruncate(output.descriptor, off_t(size))
                throw error
            }
        }
    }

    /// Writes the file anew, without the lines that do not fit their digests. This value is of no use afterwards.
    func dropDamagedLines() throws(StoreError) {
        var bytes: [UInt8] = []
        try forEachLine { bytes += Self.record(of: $0) }
        let copy = file.appendingPathExtension("new")
        let output = try OpenFile(writing: copy.path, flags: O_WRONLY | O_CREAT | O_TRUNC)
        try output.write(bytes)
        try output.flush()
        try DurableFile.publish(copy, as: file, below: file.deletingLastPathComponent())
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

extension Store {
    /// The journal of a name; `nil` where another process has it.
    package func journal(_ name: String) throws(StoreError) -> Journal? {
        try requireWritable()
        try DurableFolder.make(layout.recordings, below: layout.root)
        guard let lock = try FileLock(transient: layout.recordings.appending(path: name + ".lock")) else { return nil }
        return try Journal(layout.recordings.appending(path: name + ".jsonl"), lock: lock)
    }

    /// Reads the lines of a journal without owning it.
    package func forEachLine(ofJournal name: String, _ body: (ArraySlice<UInt8>) -> Void) throws(StoreError) {
        let file = layout.recordings.appending(path: name + ".jsonl")
        guard FileManager.default.fileExists(atPath: file.path) else { return }
        _ = try Journal.read(file, body)
    }
}
