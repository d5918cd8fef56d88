import BuildModel
import Foundation
import GRDB

/// The derived SQLite index: look-ups that would otherwise walk the repository or hash files again.
struct Index: Sendable {
    private let database: DatabaseQueue

    /// Opens the index or makes a new one. One that is no database is replaced: all of it comes back from the repository.
    init(at url: URL) throws(StoreError) {
        do {
            database = try Self.open(url)
        } catch let error as DatabaseError where ![.SQLITE_NOTADB, .SQLITE_CORRUPT].contains(error.resultCode) {
            throw .index(reason: "\(error)")
        } catch {
            for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: url.path + suffix) }
            do {
                database = try Self.open(url)
            } catch {
                throw .index(reason: "\(error)")
            }
        }
    }

    private static func open(_ url: URL) throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.journalMode = .wal
        configuration.busyMode = .timeout(60)
        let queue = try DatabaseQueue(path: url.path, configuration: configuration)
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1") { database in
            try database.execute(
                sql: """
                    CREATE TABLE file (path TEXT PRIMARY KEY, size INTEGER, modified INTEGER, inode INTEGER, digest TEXT);
                    CREATE TABLE artifact (digest TEXT PRIMARY KEY, manifest TEXT);
                    CREATE TABLE result (key TEXT PRIMARY KEY, artifact TEXT);
                    CREATE TABLE stage_commit (id TEXT PRIMARY KEY, commit_id TEXT);
                    CREATE TABLE duration (key TEXT PRIMARY KEY, kind TEXT, seconds REAL);
                    CREATE INDEX duration_kind ON duration (kind);
                    """)
        }
        migrator.registerMigration("2") { database in
            try database.execute(sql: "ALTER TABLE duration ADD COLUMN work REAL")
        }
        migrator.registerMigration("3") { database in
            try database.execute(
                sql: """
                    DROP TABLE artifact;
                    DROP TABLE result;
                    DROP TABLE stage_commit;
                    CREATE TABLE result (key BLOB PRIMARY KEY, artifact BLOB, files BLOB);
                    CREATE TABLE stage_commit (id BLOB PRIMARY KEY, commit_id TEXT);
                    CREATE TABLE build (recipe TEXT PRIMARY KEY, content BLOB, commit_id TEXT);
                    CREATE TABLE repository (id TEXT);
                    """)
        }
        migrator.registerMigration("4") { database in
            try database.execute(sql: "ALTER TABLE stage_commit ADD COLUMN pinned INTEGER NOT NULL DEFAULT 0")
        }
        try migrator.migrate(queue)
        return queue
    }

    // MARK: Files

    /// The digest of a file whose path, size, time and inode are as they were when it was hashed.
    func digest(of file: FileStamp) throws(StoreError) -> Digest? {
        try read { database in
            try String.fetchOne(
                database, sql: "SELECT digest FROM file WHERE path = ? AND size = ? AND modified = ? AND inode = ?",
                arguments: [file.path, file.size, file.modified, file.inode])
        }.flatMap(Digest.init(hex:))
    }

    func remember(_ file: FileStamp, digest: Digest) throws(StoreError) {
        try write { database in
            try database.execute(
                sql: "INSERT OR REPLACE INTO file VALUES (?, ?, ?, ?, ?)",
                arguments: [file.path, file.size, file.modified, file.inode, digest.hex])
        }
    }

    // MARK: Results

    func result(of key: Digest) throws(StoreError) -> Artifact? {
        try read { database in
            try Row.fetchOne(database, sql: "SELECT artifact, files FROM result WHERE key = ?", arguments: [Data(key.bytes)])
                .flatMap { Self.artifact(in: $0, from: 0) }
        }
    }

    func remember(result artifact: Artifact, of key: Digest) throws(StoreError) {
        try write { database in
            try database.execute(
                sql: "INSERT OR REPLACE INTO result VALUES (?, ?, ?)",
                arguments: [Data(key.bytes), Data(artifact.digest.bytes), Data(ArtifactRecord.bytes(of: artifact))])
        }
    }

    /// - Parameter identity: what the commit is a pure function of, hashed.
    func commit(_ identity: Digest) throws(StoreError) -> CommitID? {
        try read { database in
            try String.fetchOne(
                database, sql: "SELECT commit_id FROM stage_commit WHERE id = ?", arguments: [Data(identity.bytes)])
        }.map(CommitID.init(hex:))
    }

    func remember(commit: IndexSnapshot.Commit, _ identity: Digest) throws(StoreError) {
        try write { database in
            try database.execute(
                sql: "INSERT OR REPLACE INTO stage_commit VALUES (?, ?, ?)",
                arguments: [Data(identity.bytes), commit.id.hex, commit.isPinned])
        }
    }

    /// All results and commits; `nil` where they are many more than somebody who needs so many would read.
    func snapshot(for count: Int) throws(StoreError) -> IndexSnapshot? {
        try read { database in
            let rows = try Int.fetchOne(database, sql: "SELECT max(rowid) FROM result") ?? 0
            guard rows <= 20 * count else { return nil }
            var snapshot = IndexSnapshot()
            snapshot.results.reserveCapacity(rows)
            snapshot.commits.reserveCapacity(rows)
            let results = try Row.fetchCursor(database, sql: "SELECT key, artifact, files FROM result")
            while let row = try results.next() {
                guard let key = Self.digest(in: row, at: 0) else { continue }
                snapshot.results[key] = Self.artifact(in: row, from: 1)
            }
            let commits = try Row.fetchCursor(database, sql: "SELECT id, commit_id, pinned FROM stage_commit")
            while let row = try commits.next() {
                guard let identity = Self.digest(in: row, at: 0) else { continue }
                snapshot.commits[identity] = IndexSnapshot.Commit(id: CommitID(hex: row[1]), isPinned: row[2])
            }
            return snapshot
        }
    }

    private static func digest(in row: Row, at column: Int) -> Digest? {
        (try? row.withUnsafeData(atIndex: column) { $0.flatMap { $0.withUnsafeBytes { Digest(bytes: $0) } } }) ?? nil
    }

    private static func artifact(in row: Row, from column: Int) -> Artifact? {
        let files =
            (try? row.withUnsafeData(atIndex: column + 1) { data in
                data.flatMap { $0.withUnsafeBytes(ArtifactRecord.files) }
            }) ?? nil
        guard let digest = digest(in: row, at: column), let files else { return nil }
        return Artifact(sortedFiles: files, digest: digest)
    }

    // MARK: Builds

    /// The commit of a recipe's last build, if it was of this content.
    func build(of recipe: String, content: Digest) throws(StoreError) -> CommitID? {
        try read { database in
            try String.fetchOne(
                database, sql: "SELECT commit_id FROM build WHERE recipe = ? AND content = ?",
                arguments: [recipe, Data(content.bytes)])
        }.map(CommitID.init(hex:))
    }

    func remember(build commit: CommitID, of recipe: String, content: Digest) throws(StoreError) {
        try write { database in
            try database.execute(
                sql: "INSERT OR REPLACE INTO build VALUES (?, ?, ?)", arguments: [recipe, Data(content.bytes), commit.hex])
        }
    }

    /// Forgets what was read off another repository.
    ///
    /// - Returns: whether the index is new to this repository.
    func adopt(repository id: String) throws(StoreError) -> Bool {
        let known = try read { try String.fetchOne($0, sql: "SELECT id FROM repository") }
        if known == id { return false }
        try write { database in
            try database.execute(
                sql:
                    "DELETE FROM result; DELETE FROM stage_commit; DELETE FROM build; DELETE FROM duration; DELETE FROM repository"
            )
            try database.execute(sql: "INSERT INTO repository VALUES (?)", arguments: [id])
        }
        return true
    }

    // MARK: Durations

    func durations() throws(StoreError) -> DurationHistory {
        try read { database in
            var history = DurationHistory()
            let rows = try Row.fetchCursor(database, sql: "SELECT key, kind, seconds, work FROM duration")
            while let row = try rows.next() {
                guard let key = Digest(hex: row[0]) else { continue }
                history.add(key: key, kind: row[1], seconds: row[2], work: row[3])
            }
            return history
        }
    }

    func remember(seconds: Double, kind: String, key: Digest, work: Double?) throws(StoreError) {
        try write { database in
            try database.execute(
                sql: "INSERT OR REPLACE INTO duration VALUES (?, ?, ?, ?)", arguments: [key.hex, kind, seconds, work])
        }
    }

    // MARK: Access

    private func read<Value: Sendable>(_ body: @Sendable (Database) throws -> Value) throws(StoreError) -> Value {
        do {
            return try database.read(body)
        } catch {
            throw .index(reason: "\(error)")
        }
    }

    private func write(_ body: @Sendable (Database) throws -> Void) throws(StoreError) {
        do {
            try database.write(body)
        } catch {
            throw .index(reason: "\(error)")
        }
    }
}

/// What tells whether a file is still the one that was hashed.
struct FileStamp: Hashable, Sendable {
    var path: String
    var size: Int64
    /// Nanoseconds since 1970.
    var modified: Int64
    var inode: Int64

    /// `nil` where there is no such file.
    init?(path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        self.path = path
        size = Int64(status.st_size)
        modified = Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)
        inode = Int64(truncatingIfNeeded: status.st_ino)
    }

    /// Whether the file was last written so recently that a further write could leave the same stamp.
    var isRecent: Bool { Date().timeIntervalSince1970 - Double(modified) / 1e9 < 2 }
}
