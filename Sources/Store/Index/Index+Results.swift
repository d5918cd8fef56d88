import BuildModel
import Foundation
import GRDB

extension Index {
    func result(of key: Digest) throws(StoreError) -> Artifact? {
        try read { database in
            try Row.fetchOne(
                database.cachedStatement(sql: "SELECT key, artifact, files, seal FROM result WHERE key = ?"),
                arguments: [Data(key.bytes)]
            ).flatMap { Self.result(in: $0)?.artifact }
        }
    }

    func remember(result artifact: Artifact, of key: Digest) throws(StoreError) {
        let files = ArtifactRecord.bytes(of: artifact)
        var checksum = RowChecksum()
        for bytes in [key.bytes, artifact.digest.bytes, files] { checksum.add(Array(bytes)) }
        try write { [checksum] database in
            try database.execute(
                sql: "INSERT OR REPLACE INTO result VALUES (?, ?, ?, ?)",
                arguments: [Data(key.bytes), Data(artifact.digest.bytes), Data(files), checksum.value])
        }
    }

    /// - Parameter identity: what the commit is a pure function of, hashed.
    func commit(_ identity: Digest) throws(StoreError) -> CommitID? {
        try read { database in
            try Row.fetchOne(
                database.cachedStatement(sql: "SELECT id, commit_id, pinned, seal FROM stage_commit WHERE id = ?"),
                arguments: [Data(identity.bytes)]
            ).flatMap { Self.commit(in: $0)?.commit.id }
        }
    }

    func remember(commit: IndexSnapshot.Commit, _ identity: Digest) throws(StoreError) {
        let checksum = Self.checksum(commit, identity)
        try write { database in
            try database.execute(
                sql: "INSERT OR REPLACE INTO stage_commit VALUES (?, ?, ?, ?)",
                arguments: [Data(identity.bytes), commit.id.hex, commit.isPinned, checksum])
        }
    }

    /// All results and commits; `nil` where there are far more than `count` asks for, or where the task
    /// is cancelled meanwhile.
    func snapshot(for count: Int) throws(StoreError) -> IndexSnapshot? {
        try read { database in
            let rows = try Int.fetchOne(database, sql: "SELECT max(rowid) FROM result") ?? 0
            guard rows <= 20 * count else { return nil }
            var snapshot = IndexSnapshot()
            snapshot.results.reserveCapacity(rows)
            snapshot.commits.reserveCapacity(rows)
            let results = try Row.fetchCursor(database, sql: "SELECT key, artifact, files, seal FROM result")
            while !Task.isCancelled, let row = try results.next() {
                if let (key, artifact) = Self.result(in: row) { snapshot.results[key] = artifact }
            }
            let commits = try Row.fetchCursor(database, sql: "SELECT id, commit_id, pinned, seal FROM stage_commit")
            while !Task.isCancelled, let row = try commits.next() {
                if let (identity, commit) = Self.commit(in: row) { snapshot.commits[identity] = commit }
            }
            return Task.isCancelled ? nil : snapshot
        }
    }

    /// Forgets results, by their actions' keys.
    func forget(results keys: [Digest]) throws(StoreError) {
        try write { database in
            for key in keys { try database.execute(sql: "DELETE FROM result WHERE key = ?", arguments: [Data(key.bytes)]) }
        }
    }

    /// Forgets which commits there are: each is looked for, or minted, when it is needed next.
    func forgetCommits() throws(StoreError) {
        try write { database in try database.execute(sql: "DELETE FROM stage_commit; DELETE FROM build") }
    }

    /// The columns key, artifact, files, seal; `nil` where they are not what was written.
    private static func result(in row: Row) -> (key: Digest, artifact: Artifact)? {
        var checksum = RowChecksum()
        guard let key = digest(in: row, at: 0, &checksum), let digest = digest(in: row, at: 1, &checksum),
            let files = bytes(
                in: row, at: 2,
                {
                    checksum.add($0)
                    return ArtifactRecord.files(in: $0)
                }), checksum.value == row.column(3)
        else { return nil }
        return (key, Artifact(sortedFiles: files, digest: digest))
    }

    /// The columns id, commit_id, pinned, seal; `nil` where they are not what was written.
    private static func commit(in row: Row) -> (identity: Digest, commit: IndexSnapshot.Commit)? {
        var ignored = RowChecksum()
        guard let identity = digest(in: row, at: 0, &ignored), let id = row.column(1, as: String.self) else { return nil }
        let commit = IndexSnapshot.Commit(id: CommitID(hex: id), isPinned: row.column(2) == 1)
        return checksum(commit, identity) == row.column(3) ? (identity, commit) : nil
    }

    private static func checksum(_ commit: IndexSnapshot.Commit, _ identity: Digest) -> Int64 {
        var checksum = RowChecksum()
        checksum.add(Array(identity.bytes))
        checksum.add(commit.id.hex)
        checksum.add(commit.isPinned ? 1 : 0)
        return checksum.value
    }

    private static func digest(in row: Row, at column: Int, _ checksum: inout RowChecksum) -> Digest? {
        bytes(in: row, at: column) { bytes in
            checksum.add(bytes)
            return Digest(bytes: bytes)
        }
    }

    private static func bytes<Value>(in row: Row, at column: Int, _ body: (UnsafeRawBufferPointer) -> Value?) -> Value? {
        (try? row.withUnsafeData(atIndex: column) { $0.flatMap { $0.withUnsafeBytes(body) } }) ?? nil
    }

    /// What is wrong with the database or with rows whose checksums do not match; `nil` where nothing is wrong.
    func damage() throws(StoreError) -> String? {
        try read { database in
            let answers = try String.fetchAll(database, sql: "PRAGMA integrity_check(1)")
            if answers != ["ok"] { return answers.first ?? "no answer" }
            var wrong = 0
            let results = try Row.fetchCursor(database, sql: "SELECT key, artifact, files, seal FROM result")
            while let row = try results.next() { wrong += Self.result(in: row) == nil ? 1 : 0 }
            let commits = try Row.fetchCursor(database, sql: "SELECT id, commit_id, pinned, seal FROM stage_commit")
            while let row = try commits.next() { wrong += Self.commit(in: row) == nil ? 1 : 0 }
            return wrong == 0 ? nil : "\(wrong) rows are not what was written"
        }
    }
}

/// The index's results and commits in memory, read in one go: a build of many stages looks each up.
///
/// Another process may have recorded more since.
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

/// The checksum of a row of the index, in its column `seal`. SQLite does not notice a bit that flips on the disk, and a wrong
/// row would become part of a key.
///
/// Each step is a bijection of the state, so that two rows that differ in one place never have the same checksum.
struct RowChecksum {
    private var state: UInt64 = 0xCBF2_9CE4_8422_2325

    private mutating func mix(_ word: UInt64) {
        state = (state ^ word) &* 0x9E37_79B9_7F4A_7C15
        state ^= state >> 29
    }

    mutating func add(_ number: Int64) { mix(UInt64(bitPattern: number)) }

    mutating func add(_ bytes: UnsafeRawBufferPointer) {
        mix(UInt64(bytes.count))
        var position = 0
        while position + 8 <= bytes.count {
            mix(bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self).littleEndian)
            position += 8
        }
        var rest: UInt64 = 0
        while position < bytes.count {
            rest = rest << 8 | UInt64(bytes[position])
            position += 1
        }
        mix(rest)
    }

    mutating func add(_ bytes: [UInt8]) { bytes.withUnsafeBytes { add($0) } }
    mutating func add(_ text: String) { add(Array(text.utf8)) }

    /// As SQLite keeps it.
    var value: Int64 { Int64(bitPattern: state) }
}
