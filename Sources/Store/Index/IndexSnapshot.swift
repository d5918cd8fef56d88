import BuildModel

/// The index's results and commits in memory, read in one go: a build of many stages looks each up.
///
/// What is not in it may have been recorded since by another process.
struct IndexSnapshot: Sendable {
    struct Commit: Sendable {
        var id: CommitID
        /// Whether a ref names it. Git may prune one that no ref reaches.
        var isPinned: Bool
    }

    var results: [Digest: Artifact] = [:]
    /// By what the commit is a pure function of.
    var commits: [Digest: Commit] = [:]
}

/// An artifact as the index stores it: per file the length of its path, the path, its size and its digest.
enum ArtifactRecord {
    static func bytes(of artifact: Artifact) -> [UInt8] {
        var bytes: [UInt8] = []
        for file in artifact.files {
            let path = Array(file.path.utf8)
            append(UInt64(path.count), to: &bytes)
            bytes += path
            append(UInt64(file.size), to: &bytes)
            bytes += file.digest.bytes
        }
        return bytes
    }

    /// `nil` where the bytes are no such record.
    static func files(in bytes: UnsafeRawBufferPointer) -> [Artifact.File]? {
        var files: [Artifact.File] = []
        var position = 0
        func number() -> Int? {
            guard position + 8 <= bytes.count else { return nil }
            let value = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self))
            position += 8
            return Int(exactly: value)
        }
        while position < bytes.count {
            guard let length = number(), length <= bytes.count - position else { return nil }
            let path = String(decoding: bytes[position..<position + length], as: UTF8.self)
            position += length
            guard let size = number(), position + 32 <= bytes.count,
                let digest = Digest(bytes: UnsafeRawBufferPointer(rebasing: bytes[position..<position + 32]))
            else { return nil }
            position += 32
            files.append(Artifact.File(path: path, size: size, digest: digest))
        }
        return files
    }

    private static func append(_ number: UInt64, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
    }
}
