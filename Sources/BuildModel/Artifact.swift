import CanonicalJSON

/// An immutable directory of files, known by what it holds.
package struct Artifact: Hashable, Sendable {
    /// One file of an artifact. Its path is bytes: see `FileName`.
    package struct File: Hashable, Sendable {
        /// Relative, `/`-separated, without `.` or `..`.
        package var path: String
        /// Bytes.
        package var size: Int
        package var digest: Digest

        package init(path: String, size: Int, digest: Digest) { (self.path, self.size, self.digest) = (path, size, digest) }

        package var name: FileName { FileName(path) }

        package static func == (left: File, right: File) -> Bool {
            left.digest == right.digest && left.size == right.size && left.name == right.name
        }

        package func hash(into hasher: inout Hasher) {
            hasher.combine(name)
            hasher.combine(digest)
        }
    }

    /// Sorted by the UTF-8 bytes of their paths.
    package let files: [File]
    /// The SHA-256 of the manifest.
    package let digest: Digest

    package init(files: [File]) {
        let sorted = files.sorted { $0.name < $1.name }
        self.files = sorted
        digest = Digest(hashing: Self.manifest(of: sorted).canonicalBytes)
    }

    /// An artifact as it was made before: sorted files, and the digest that they have.
    package init(sortedFiles files: [File], digest: Digest) { (self.files, self.digest) = (files, digest) }

    /// What the artifact's digest is the SHA-256 of: the canonical list of path, size and SHA-256 per file.
    package var manifest: JSON { Self.manifest(of: files) }

    private static func manifest(of files: [File]) -> JSON {
        .array(files.map { ["path": .string($0.path), "size": .integer(Int64($0.size)), "sha256": .string($0.digest.hex)] })
    }

    /// Bytes of all files.
    package var size: Int { files.reduce(0) { min($0 + $1.size, Self.mostBytes) } }

    /// Bytes of one file that anybody may state, so that sums and products of sizes stay within an `Int`.
    package static let mostFileBytes = 1 << 44
    private static let mostBytes = 1 << 50

    package subscript(path: String) -> File? {
        let name = FileName(path)
        return files.first { $0.name == name }
    }
}

extension Artifact {
    /// Reads a manifest back; `nil` where a path, a size or a digest is missing or out of its range.
    package init?(manifest: JSON) {
        guard let entries = manifest.array else { return nil }
        var files: [File] = []
        for entry in entries {
            guard let path = entry["path"]?.string, Self.isPortable(path: path),
                let size = entry["size"]?.integer, (0...Self.mostFileBytes).contains(size),
                let digest = entry["sha256"]?.string.flatMap(Digest.init(hex:))
            else { return nil }
            files.append(File(path: path, size: size, digest: digest))
        }
        self.init(files: files)
    }

    /// Whether a path may stand in an artifact: relative, no empty, `.` or `..` component, none that git would read on any
    /// file system (`.git…`, also spelt with scalars that some file systems ignore, and Windows' short name `git~1`), no component of
    /// more than 255 bytes, no control characters.
    package static func isPortable(path: String) -> Bool {
        path.utf8.count <= 1024 && path.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F && $0 != "\\" }
            && components(of: path).allSatisfy { name in
                let seen = name.unicodeScalars.filter { !FileNames.isIgnored($0) }
                let folded = String(String.UnicodeScalarView(seen)).lowercased()
                return !["", ".", ".."].contains(name) && name.utf8.count <= 255 && !folded.hasPrefix(".git")
                    && !folded.hasPrefix("git~")
            }
    }

    /// What stands between a path's slashes. Bytes are what a file system sees: a slash followed by a combining mark is one
    /// `Character`, but a slash all the same.
    package static func components(of path: String) -> [String] {
        path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).map {
            String(decoding: $0, as: UTF8.self)
        }
    }
}
