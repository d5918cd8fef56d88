import BuildModel
import Foundation

/// Why the store could not do what was asked of it.
package enum StoreError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The directory holds something else than a store.
    case notAStore(path: String)
    case cannotRead(path: String, reason: String)
    case cannotWrite(path: String, reason: String)
    /// An object that a result needs is not in the store.
    case missingObject(Digest)
    /// An object's bytes are not what its name says.
    case damagedObject(Digest)
    /// A stage left something that an artifact cannot hold; the words say what.
    case notAnArtifact(String)
    /// Another process uses the store, and what was asked for must be done alone.
    case inUse(path: String)
    case git(operation: String, reason: String)
    /// A repository on this machine belongs to somebody else, and git's settings do not say that it is safe.
    case foreignRepository(path: String, owner: String, isPart: String?)
    /// The store cannot be written by who asks; it can be read.
    case readOnly(path: String, reason: String)
    /// A build or a tag was to be signed, and could not be.
    case cannotSign(reason: String)
    case index(path: String, reason: String)

    package var description: String {
        switch self {
        case .notAStore(let path):
            "\(path) is not empty and not a store of Decant; name another directory with --cache"
        case .cannotRead(let path, let reason):
            "\(path) cannot be read: \(reason)"
        case .cannotWrite(let path, let reason):
            "\(path) cannot be written: \(reason); nothing in the store was changed"
        case .missingObject(let digest):
            "the store has lost the object \(digest); the next build makes it again"
        case .damagedObject(let digest):
            "the object \(digest) is damaged; `decant fsck` names everything that is"
        case .notAnArtifact(let reason): "what the stage made cannot be kept: \(reason)"
        case .git(let operation, let reason):
            "the lineage repository failed to \(operation): \(reason)"
        case .foreignRepository(let path, let owner, let part):
            "\(part ?? path) belongs to \(owner), and git's settings do not trust it; if you do: "
                + "git config --global --add safe.directory \(ShellWord(path))"
        case .readOnly(let path, let reason):
            "the store \(path) can only be read here: \(reason)"
        case .inUse(let path):
            "another process uses the store \(path); nothing was removed, try again when it is done"
        case .cannotSign(let reason):
            "nothing was signed: \(reason)"
        case .index(let path, let reason):
            "the store's index failed: \(reason); it is derived, delete \(path) and try again"
        }
    }

    /// The object that cannot be had as its name says; `nil` for any other error.
    package var unusableObject: Digest? {
        switch self {
        case .missingObject(let digest), .damagedObject(let digest): digest
        default: nil
        }
    }

    /// Runs a step of Foundation's that writes; what it throws becomes `cannotWrite`.
    package static func onWriting<Value>(_ path: String, _ body: () throws -> Value) throws(StoreError) -> Value {
        do {
            return try body()
        } catch {
            let cause = ((error as? CocoaError)?.underlying as? POSIXError).map { String(cString: strerror($0.code.rawValue)) }
            throw .cannotWrite(path: path, reason: cause ?? error.localizedDescription)
        }
    }

    /// The reason that the operating system gives for its last failure.
    package static var systemReason: String { String(cString: strerror(errno)) }
}
