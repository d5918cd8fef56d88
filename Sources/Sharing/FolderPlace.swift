import BuildModel
import Foundation
import Store

/// The objects of a repository on this machine.
struct FolderPlace: ObjectPlace {
    let folder: ObjectFolder
    /// For messages.
    let label: String

    func download(_ objects: [IncomingObject], counting tally: TransferTally) async throws {
        for object in objects where !object.isWhole {
            guard let (file, size) = folder.object(object.digest) else {
                guard object.isRequired else { continue }
                throw SharingError.missingObject(
                    object.digest, place: label, reason: "its git repository names it all the same")
            }
            guard size == object.size else {
                throw Refusal(
                    subject: "the object \(object.digest.short)",
                    reason: "it has \(size) bytes in \(label); its pointer says \(object.size)")
            }
            try await blocking {
                try object.exclusively {
                    guard !object.isWhole else { return }
                    let bytes = try Self.append(file, to: object)
                    try object.finish()
                    tally.add(objects: 1, bytes: bytes)
                }
            }
        }
    }

    func upload(_ objects: [OutgoingObject], counting tally: TransferTally) async throws {
        for object in objects where folder.object(object.digest)?.size != object.size {
            guard let file = object.file else {
                guard object.isRequired else { continue }
                throw StoreError.missingObject(object.digest)
            }
            try await blocking { try folder.take(file, as: object.digest) }
            tally.add(objects: 1, bytes: object.size)
        }
    }

    /// Goes on where an earlier copy ended.
    private static func append(_ file: URL, to object: IncomingObject) throws -> Int {
        if object.received > object.size { object.discard() }
        let input = try FileHandle(forReadingFrom: file)
        defer { try? input.close() }
        let path = object.partial.path
        let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw StoreError.cannotWrite(path: path, reason: String(cString: strerror(errno))) }
        let output = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        let offset = object.received
        try input.seek(toOffset: UInt64(offset))
        var copied = 0
        while copied < object.size - offset, let piece = try input.read(upToCount: 1 << 20), !piece.isEmpty {
            do {
                try output.write(contentsOf: piece)
            } catch {
                throw StoreError.cannotWrite(path: path, reason: "\(error.localizedDescription)")
            }
            copied += piece.count
        }
        return copied
    }
}
