import BuildModel
import Foundation

/// Where everything lies below the store's directory.
struct StoreLayout: Sendable {
    let root: URL

    var repository: URL { root.appending(path: "lineage.git", directoryHint: .isDirectory) }
    /// Where the repository is made.
    var newRepository: URL { root.appending(path: "lineage.new", directoryHint: .isDirectory) }
    var objects: URL { repository.appending(path: "lfs/objects", directoryHint: .isDirectory) }
    /// Files on their way in. On the objects' file system, so that a rename moves them.
    var incoming: URL { repository.appending(path: "lfs/incoming", directoryHint: .isDirectory) }
    /// Objects that were not what their names said.
    var damaged: URL { repository.appending(path: "lfs/damaged", directoryHint: .isDirectory) }
    /// Tells this repository from another one at its place.
    var identity: URL { repository.appending(path: "decant-id") }
    /// Held while refs move.
    var writeLock: URL { root.appending(path: "write.lock") }
    /// Shared by all who use the store, held alone by who removes something from it.
    var useLock: URL { root.appending(path: "use.lock") }
    var index: URL { root.appending(path: "index.sqlite") }
    var scratch: URL { root.appending(path: "scratch", directoryHint: .isDirectory) }
    /// What models behind servers answered: a journal each.
    var recordings: URL { root.appending(path: "recordings", directoryHint: .isDirectory) }
    var ignoreFile: URL { root.appending(path: ".gitignore") }

    var packs: URL { repository.appending(path: "objects/pack", directoryHint: .isDirectory) }
    /// The file of a git object that is in no pack.
    func gitObject(_ id: String) -> URL { repository.appending(path: "objects/\(id.prefix(2))/\(id.dropFirst(2))") }

    /// `lfs/objects/aa/bb/<sha256>`, as Git LFS has it.
    func object(_ digest: Digest) -> URL {
        let hex = digest.hex
        return objects.appending(path: "\(hex.prefix(2))/\(hex.dropFirst(2).prefix(2))/\(hex)")
    }
}

extension StoreLayout {
    /// Runs a body while no other process moves refs.
    func writing<Value>(_ body: () throws(StoreError) -> Value) throws(StoreError) -> Value {
        let lock = try FileLock(writeLock, .exclusive)
        defer { withExtendedLifetime(lock) {} }
        return try body()
    }
}
