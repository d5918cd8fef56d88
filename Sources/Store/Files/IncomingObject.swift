import BuildModel
import Foundation

/// An object that is being received. When the transfer is interrupted, its bytes stay in `lfs/incoming`, and the next transfer
/// continues it.
package struct IncomingObject: Hashable, Sendable {
    package let digest: Digest
    /// Bytes that its pointer promises.
    package let size: Int
    /// Whether the exchange fails without it. The other side may have collected what only older builds used.
    package let isRequired: Bool
    private let folder: String

    init(digest: Digest, size: Int, isRequired: Bool = true, layout: StoreLayout) {
        (self.digest, self.size, self.isRequired) = (digest, size, isRequired)
        folder = layout.incoming.path
    }

    /// The file to which a transfer appends bytes.
    package var partial: URL { URL(fileURLWithPath: "\(folder)/\(digest.hex).partial") }
    /// The file where the whole, verified object waits until everything that came with it is accepted.
    var whole: URL { URL(fileURLWithPath: "\(folder)/\(digest.hex)") }

    /// Bytes received so far.
    package var received: Int {
        var status = stat()
        return stat(partial.path, &status) == 0 ? Int(status.st_size) : 0
    }

    package var isWhole: Bool {
        var status = stat()
        return stat(whole.path, &status) == 0 && Int(status.st_size) == size
    }

    package func discard() { unlink(partial.path) }

    /// Hashes the received bytes and takes them as the whole object. Wrong bytes are discarded.
    package func finish() throws {
        let (found, bytes) = try DurableFile.digest(of: partial.path)
        guard bytes == size else {
            if bytes > size { discard() }
            throw Refusal(subject: "the object \(digest.short)", reason: "\(bytes) bytes came; its pointer says \(size)")
        }
        guard found == digest else {
            discard()
            throw Refusal(subject: "the object \(digest.short)", reason: "other bytes came: their SHA-256 is \(found)")
        }
        chmod(partial.path, 0o444)
        try OpenFile(reading: partial.path).flush()
        try DurableFile.publish(partial, as: whole, below: whole.deletingLastPathComponent())
    }

    /// Runs a body while no other process appends to this object.
    package func exclusively<Result>(_ body: () throws -> Result) throws -> Result {
        let path = "\(folder)/\(digest.hex).lock"
        // The next holder of the lock then sees that the object is whole.
        defer { if isWhole || received == 0 { unlink(path) } }
        let lock = try FileLock(URL(fileURLWithPath: path), .exclusive)
        defer { withExtendedLifetime(lock) {} }
        return try body()
    }
}

extension Store {
    package func incomingObject(_ digest: Digest, size: Int, isRequired: Bool) -> IncomingObject {
        IncomingObject(digest: digest, size: size, isRequired: isRequired, layout: layout)
    }

    /// Whether an interrupted transfer can be continued.
    package var hasIncoming: Bool {
        !((try? FileManager.default.contentsOfDirectory(atPath: layout.incoming.path)) ?? []).isEmpty
    }
}
