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
        var seal = Seal()
        for bytes in [key.bytes, artifact.digest.bytes, files] { seal.add(Array(bytes)) }
        try write { [seal] database in
            try database.execute(
                sql: "INSERT OR REPLACE INTO result VALUES (?, ?, ?, ?)",
                arguments: [Data(key.bytes), Data(artifact.digest.bytes), Data(files), seal.value])
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
        let seal = Self.seal(commit, identity)
        try write { database in
            try database.execute(
                sql: "INSERT OR REPLACE INTO stage_commit VALUES (?, ?, ?, ?)",
                arguments: [Data(identity.bytes), commit.id.hex, commit.isPinned, seal])
        }
    }

    /// All results and commits; `nil` where they are many more than somebody who needs so many would read, or where the task
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
        var seal = Seal()
        guard let key = digest(in: row, at: 0, &seal), let digest = digest(in: row, at: 1, &seal),
            let files = bytes(
                in: row, at: 2,
                {
                    seal.add($0)
                    return ArtifactRecord.files(in: $0)
                }), seal.value == row.column(3)
        else { return nil }
        return (key, Artifact(sortedFiles: files, digest: digest))
    }

    /// The columns id, commit_id, pinned, seal; `nil` where they are not what was written.
    private static func commit(in row: Row) -> (identity: Digest, commit: IndexSnapshot.Commit)? {
        var ignored = Seal()
        guard let identity = digest(in: row, at: 0, &ignored), let id = row.column(1, as: String.self) else { return nil }
        let commit = IndexSnapshot.Commit(id: CommitID(hex: id), isPinned: row.column(2) == 1)
        return seal(commit, identity) == row.column(3) ? (identity, commit) : nil
    }

    private static func seal(_ commit: IndexSnapshot.Commit, _ identity: Digest) -> Int64 {
        var seal = Seal()
        seal.add(Array(identity.bytes))
        seal.add(commit.id.hex)
        seal.add(commit.isPinned ? 1 : 0)
        return seal.value
    }

    private static func digest(in row: Row, at column: Int, _ seal: inout Seal) -> Digest? {
        bytes(in: row, at: column) { bytes in
            seal.add(bytes)
            return Digest(bytes: bytes)
        }
    }

    private static func bytes<Value>(in row: Row, at column: Int, _ body: (UnsafeRawBufferPointer) -> Value?) -> Value? {
        (try? row.withUnsafeData(atIndex: column) { $0.flatMap { $0.withUnsafeBytes(body) } }) ?? nil
    }

    /// What is wrong with the database itself or with rows that the seals do not fit; `nil` where nothing is.
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
