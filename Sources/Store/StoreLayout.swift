import BuildModel
import Foundation

/// Where everything lies below the store's directory.
struct StoreLayout: Sendable {
    let root: URL

    var repository: URL { root.appending(path: "lineage.git", directoryHint: .isDirectory) }
    var objects: URL { repository.appending(path: "lfs/objects", directoryHint: .isDirectory) }
    /// Files on their way in. On the objects' file system, so that a rename moves them.
    var incoming: URL { repository.appending(path: "lfs/incoming", directoryHint: .isDirectory) }
    /// Tells this repository from another one at its place.
    var identity: URL { repository.appending(path: "decant-id") }
    var writeLock: WriteLock { WriteLock(url: root.appending(path: "write.lock")) }
    var index: URL { root.appending(path: "index.sqlite") }
    var scratch: URL { root.appending(path: "scratch", directoryHint: .isDirectory) }
    var ignoreFile: URL { root.appending(path: ".gitignore") }

    /// `lfs/objects/aa/bb/<sha256>`, as Git LFS has it.
    func object(_ digest: Digest) -> URL {
        let hex = digest.hex
        return objects.appending(path: "\(hex.prefix(2))/\(hex.dropFirst(2).prefix(2))/\(hex)")
    }
}
