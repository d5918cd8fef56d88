import BuildModel
import Foundation

/// What a collection removes, or would remove.
public struct Garbage: Sendable {
    /// An action's result that nothing stands on.
    public struct Result: Hashable, Sendable {
        public var kind: String
        public var key: Digest
        public var commit: CommitID
        /// Bytes of its artifact; some may belong to artifacts that stay.
        public var size: Int
    }

    public struct File: Hashable, Sendable {
        public var path: String
        /// Bytes.
        public var size: Int
    }

    /// Sorted by kind and key.
    public internal(set) var results: [Result] = []
    /// Objects, sorted.
    public internal(set) var objects: [File] = []
    /// Git objects outside packs that no ref reaches.
    public internal(set) var gitObjects: [File] = []
    /// What killed processes and repairs left: files on their way in, work in progress, damaged files.
    public internal(set) var leftovers: [File] = []
    /// Objects that stay, and their bytes.
    public internal(set) var keptObjects = 0
    public internal(set) var keptSize = 0

    /// Bytes that removing all of it frees.
    public var size: Int { (objects + gitObjects + leftovers).reduce(0) { $0 + $1.size } }
}
