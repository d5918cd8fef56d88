import BuildModel
import CanonicalJSON
import Engine
import Foundation

/// The file of a checkpoint: a line of canonical JSON that says whose it is, a safetensors body, and the SHA-256 of both.
///
/// ```
/// {"action":"…","done":120,"format":1,"kind":"train.sft","revision":1}⏎
/// ```
package struct CheckpointFile {
    private let directory: URL
    private let action: Action
    private let key: Digest

    private static let format = 1
    private static let digestLength = 32

    package init(directory: URL, action: Action) {
        self.directory = directory
        self.action = action
        key = action.key
    }

    private var url: URL { directory.appending(path: "state") }

    /// The state that the file holds; `nil` where there is no file.
    /// - Throws: `CheckpointFault` or `ModelFileError` when it is not a whole file of this action.
    package func read() throws -> (done: Int, tensors: SafeTensors)? {
        guard FileManager.default.fileExists(atPath: url.path) else { return nil }
        // Mapped: a wrong size in the file allocates no memory.
        let content = try Data(contentsOf: url, options: .mappedIfSafe)
        guard content.count > Self.digestLength else { throw CheckpointFault("it is cut off") }
        let signed = content.dropLast(Self.digestLength)
        guard Digest(hashing: signed).bytes.elementsEqual(content.suffix(Self.digestLength)) else {
            throw CheckpointFault("its checksum does not fit its content")
        }
        guard let end = signed.firstIndex(of: UInt8(ascii: "\n")), let header = try? JSON(parsing: signed[..<end]),
            let done = header["done"]?.integer, header == self.header(done: done)
        else { throw CheckpointFault("it is of another action, or of another version of Decant") }
        return (done, try SafeTensors(parsing: signed[(end + 1)...], file: "checkpoint"))
    }

    /// Replaces the file. Whenever the process ends, the old or the new file is there, complete.
    ///
    /// - Parameter isGivenUp: asked again and again; ends the writing with an error, and the old file stays.
    func write(
        done: Int, _ tensors: [String: StoredTensor], unless isGivenUp: () -> Bool = { false }
    ) throws(CheckpointFault) {
        do {
            try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        } catch {
            throw CheckpointFault("there is no folder for it: \(error.localizedDescription)")
        }
        let head = Data(header(done: done).canonicalBytes + [UInt8(ascii: "\n")])
        // Hidden: nobody takes it for a checkpoint.
        let partial = directory.appending(path: ".state.partial")
        do throws(CheckpointFault) {
            try Self.writeSealed([head] + SafeTensors.parts(of: tensors), to: partial.path, unless: isGivenUp)
            guard rename(partial.path, url.path) == 0 else { throw .ofSystem() }
        } catch {
            unlink(partial.path)
            throw error
        }
        Self.flush(directory)
    }

    /// A file's content with its checksum.
    package static func sealed(_ content: [UInt8]) -> [UInt8] { content + Digest(hashing: content).bytes }

    private func header(done: Int) -> JSON {
        [
            "action": .string(key.hex), "done": .count(done), "format": .count(Self.format),
            "kind": .string(action.kind), "revision": .count(action.revision),
        ]
    }

    /// Bytes that are hashed and written at once, while the processor's cache has them.
    private static let pieceSize = 4 << 20
    /// Bytes that the disk is given time for at once, so that nobody waits long for a writing that is given up.
    private static let flushedSize = 64 << 20

    /// Writes the parts one after another, then their checksum, and waits until the disk has them.
    private static func writeSealed(
        _ parts: [Data], to path: String, unless isGivenUp: () -> Bool
    ) throws(CheckpointFault) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw .ofSystem() }
        defer { close(descriptor) }
        var hasher = DigestHasher()
        var unflushed = 0
        for part in parts {
            for start in stride(from: part.startIndex, to: part.endIndex, by: pieceSize) {
                if isGivenUp() { throw CheckpointFault("it was given up") }
                let piece = part[start..<min(start + pieceSize, part.endIndex)]
                piece.withUnsafeBytes { hasher.update($0) }
                if let fault = piece.withUnsafeBytes({ write($0, to: descriptor) }) { throw fault }
                unflushed += piece.count
                guard unflushed >= flushedSize else { continue }
                guard fdatasync(descriptor) == 0 else { throw .ofSystem() }
                unflushed = 0
            }
        }
        if let fault = Data(hasher.finish().bytes).withUnsafeBytes({ write($0, to: descriptor) }) { throw fault }
        guard fsync(descriptor) == 0 else { throw .ofSystem() }
    }

    private static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> CheckpointFault? {
        var rest = bytes
        while !rest.isEmpty {
            let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return .ofSystem() }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
        return nil
    }

    /// Waits until the disk has the file's name.
    private static func flush(_ directory: URL) {
        let descriptor = open(directory.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }
}

/// Why a checkpoint cannot be used or written, as the end of a line in the log.
struct CheckpointFault: Error, CustomStringConvertible {
    var description: String

    init(_ description: String) { self.description = description }

    /// The system's last error.
    static func ofSystem() -> CheckpointFault { CheckpointFault(String(cString: strerror(errno))) }
}
