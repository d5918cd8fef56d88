import BuildModel
import Foundation
import Store
import Synchronization

/// Where the objects of a remote are.
protocol ObjectPlace: Sendable {
    /// Brings objects into `lfs/incoming`, each verified.
    func download(_ objects: [IncomingObject], counting tally: TransferTally) async throws

    /// Sends those objects that are not there.
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

/// What travelled, counted from several threads.
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

/// Runs what waits for a disk or a server on no thread of Swift's own.
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
