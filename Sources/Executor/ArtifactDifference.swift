import BuildModel
import Foundation
import Store

/// The first place where an artifact that was made again is not the one that is stored.
package struct ArtifactDifference: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        /// The stored artifact has the file, the new one lacks it.
        case missing
        /// The new one has a file more.
        case added
        /// From this byte on; where one file is the other's beginning, the shorter one's size.
        case bytes(offset: Int)
    }

    /// The first by path.
    package var file: String
    package var kind: Kind
    /// Files that differ, this one among them.
    package var count: Int

    /// Compares a directory with an artifact; `nil` where all bytes are the same.
    init?(stored artifact: Artifact, in store: Store, made directory: URL) throws {
        let made = Set(try Self.files(below: directory))
        var first: (file: String, kind: Kind)?
        var count = 0
        for path in Set(artifact.files.map(\.path)).union(made).sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) {
            let kind: Kind?
            if let file = artifact[path] {
                kind = made.contains(path) ? try Self.compare(file, in: store, with: directory.appending(path: path)) : .missing
            } else {
                kind = .added
            }
            guard let kind else { continue }
            count += 1
            if first == nil { first = (path, kind) }
        }
        guard let first else { return nil }
        (file, kind) = first
        self.count = count
    }

    /// Byte by byte: the stored file is also hashed on the way, so that a damaged object is not taken for a difference.
    private static func compare(_ file: Artifact.File, in store: Store, with made: URL) throws -> Kind? {
        guard let object = store.object(file.digest) else { throw StoreError.missingObject(file.digest) }
        let left = try FileHandle(forReadingFrom: object.url)
        let right = try FileHandle(forReadingFrom: made)
        defer {
            try? left.close()
            try? right.close()
        }
        var hasher = DigestHasher()
        var offset = 0
        var difference: Int?
        while true {
            let stored = try left.read(upToCount: 1 << 20) ?? Data()
            stored.withUnsafeBytes { hasher.update($0) }
            if difference == nil {
                let new = try right.read(upToCount: 1 << 20) ?? Data()
                if stored != new { difference = offset + zip(stored, new).prefix { $0 == $1 }.count }
            }
            if stored.isEmpty { break }
            offset += stored.count
        }
        guard hasher.finish() == file.digest else { throw StoreError.damagedObject(file.digest) }
        return difference.map(Kind.bytes)
    }

    private static func files(below directory: URL) throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: directory.path).filter { path in
            var status = stat()
            return lstat(directory.appending(path: path).path, &status) == 0 && status.st_mode & S_IFMT != S_IFDIR
        }
    }
}
