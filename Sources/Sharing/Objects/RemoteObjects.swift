import BuildModel
import Foundation
import Store
import Synchronization

/// The object store of a remote.
protocol RemoteObjects: Sendable {
    /// Brings objects into `lfs/incoming`, each verified.
    func download(_ objects: [IncomingObject], counting tally: TransferTally) async throws

    /// Sends the objects that the remote lacks.
    func upload(_ objects: [OutgoingObject], counting tally: TransferTally) async throws
}

/// An object of this store that a remote may need.
struct OutgoingObject: Sendable {
    var digest: Digest
    /// Bytes.
    var size: Int
    /// Whether the push fails without it.
    var isRequired: Bool
    /// `nil` where the store has not got it.
    var file: URL?
}

/// What was transferred, counted from several threads.
final class TransferTally: Sendable {
    private let counts = Mutex((objects: 0, bytes: 0))

    func add(objects: Int = 0, bytes: Int) {
        counts.withLock {
            $0.objects += objects
            $0.bytes += bytes
        }
    }

    var total: (objects: Int, bytes: Int) { counts.withLock { $0 } }
}

/// Runs blocking work outside of Swift's own threads.
func blocking<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        DispatchQueue.global().async { continuation.resume(with: Result(catching: body)) }
    }
}

/// Runs a body for every element, a few at a time, until one fails.
func forEach<Element: Sendable>(
    _ elements: [Element], atOnce limit: Int, _ body: @escaping @Sendable (Element) async throws -> Void
) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
        for (index, element) in elements.enumerated() {
            if index >= limit { try await group.next() }
            group.addTask { try await body(element) }
        }
        try await group.waitForAll()
    }
}

/// The objects of a repository on this machine.
struct LocalObjects: RemoteObjects {
    let folder: ObjectFolder
    /// Whose settings say who may read and write what is new.
    let repository: URL
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
        let permissions = Permissions(ofRepositoryAt: repository)
        defer { withExtendedLifetime(permissions) {} }
        for object in objects where folder.object(object.digest)?.size != object.size {
            guard let file = object.file else {
                guard object.isRequired else { continue }
                throw StoreError.missingObject(object.digest)
            }
            try await blocking { try folder.take(file, as: object.digest) }
            tally.add(objects: 1, bytes: object.size)
        }
    }

    /// Continues where an earlier copy ended.
    private static func append(_ file: URL, to object: IncomingObject) throws -> Int {
        if object.received > object.size { object.discard() }
        let input = try FileHandle(forReadingFrom: file)
        defer { try? input.close() }
        let output = try OpenFile(writing: object.partial.path, flags: O_WRONLY | O_CREAT | O_APPEND)
        let offset = object.received
        try input.seek(toOffset: UInt64(offset))
        var copied = 0
        while copied < object.size - offset, let piece = try input.read(upToCount: 1 << 20), !piece.isEmpty {
            try output.write([UInt8](piece))
            copied += piece.count
        }
        return copied
    }
}
