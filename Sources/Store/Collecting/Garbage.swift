import BuildModel
import Foundation

/// What a collection removes, or would remove.
package struct Garbage: Sendable {
    /// An action's result that nothing stands on.
    package struct Result: Hashable, Sendable {
        package var kind: String
        package var key: Digest
        package var commit: CommitID
        /// Bytes of its artifact; some may belong to artifacts that stay.
        package var size: Int
    }

    package struct File: Hashable, Sendable {
        package var path: String
        /// Bytes.
        package var size: Int
    }

    /// Sorted by kind and key.
    package internal(set) var results: [Result] = []
    /// Objects, sorted.
    package internal(set) var objects: [File] = []
    /// Git objects outside packs that no ref reaches.
    package internal(set) var gitObjects: [File] = []
    /// What killed processes and repairs left: files on their way in, work in progress, damaged files.
    package internal(set) var leftovers: [File] = []
    /// Objects that stay, and their bytes.
    package internal(set) var keptObjects = 0
    package internal(set) var keptSize = 0

    /// Bytes that removing all of it frees.
    package var size: Int { (objects + gitObjects + leftovers).reduce(0) { $0 + $1.size } }
}
