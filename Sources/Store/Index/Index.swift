import BuildModel
import Foundation
import GRDB

/// The derived SQLite index: look-ups that would otherwise walk the repository or hash files again.
struct Index: Sendable {
    private let database: DatabaseQueue
    private let path: String

    /// Opens the index or makes a new one. One that is no database is replaced: all of it comes back from the repository.
    init(at url: URL) throws(StoreError) {
        path = url.path
        do {
            database = try Self.open(path)
        } catch let error as DatabaseError where ![.SQLITE_NOTADB, .SQLITE_CORRUPT].contains(error.resultCode) {
            throw IndexFailure.of(error, at: path)
        } catch {
            for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + suffix) }
            do {
                database = try Self.open(path)
            } catch {
                throw IndexFailure.of(error, at: path)
            }
        }
    }

    /// A copy in memory of an index that may only be read; an empty one where it cannot be, since all of it is derived. What is
    /// remembered in it goes with this process.
    init(copying url: URL) throws(StoreError) {
        path = url.path
        do {
            if let copy = try? Self.copy(of: path) {
                database = copy
            } else {
                database = try DatabaseQueue()
                try Self.migrate(database)
            }
        } catch {
            throw IndexFailure.of(error, at: path)
        }
    }

    private static func copy(of path: String) throws -> DatabaseQueue {
        guard access(path, R_OK) == 0 else { throw CocoaError(.fileReadNoSuchFile) }
        // Beside somebody who writes, the log counts as well; where its files are not there, nobody writes, and SQLite could not
        // make them.
        let address = URL(fileURLWithPath: path).absoluteString
        let source = try (try? reading(address + "?mode=ro")) ?? reading(address + "?immutable=1")
        let copy = try DatabaseQueue()
        try source.backup(to: copy)
        try migrate(copy)
        return copy
    }

    private static func reading(_ address: String) throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(5)
        let queue = try DatabaseQueue(path: address, configuration: configuration)
        _ = try queue.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM sqlite_master") }
        return queue
    }

    private static func open(_ path: String) throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.journalMode = .wal
        configuration.busyMode = .timeout(60)
        // SQLite makes files that only their owner may write, and gives its other files the permissions of this one.
        let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
        if descriptor >= 0 { close(descriptor) }
        let queue = try DatabaseQueue(path: path, configuration: configuration)
        try migrate(queue)
        return queue
    }

    private static func migrate(_ queue: DatabaseQueue) throws {
        var migrator = DatabaseMigrator()
        for (number, sql) in migrations.enumerated() {
            migrator.registerMigration(String(number + 1)) { database in try database.execute(sql: sql) }
        }
        try migrator.migrate(queue)
    }

    /// Each brings an index of the version before it up to date; none is ever changed.
    private static let migrations = [
        """
        CREATE TABLE file (path TEXT PRIMARY KEY, size INTEGER, modified INTEGER, inode INTEGER, digest TEXT);
        CREATE TABLE artifact (digest TEXT PRIMARY KEY, manifest TEXT);
        CREATE TABLE result (key TEXT PRIMARY KEY, artifact TEXT);
        CREATE TABLE stage_commit (id TEXT PRIMARY KEY, commit_id TEXT);
        CREATE TABLE duration (key TEXT PRIMARY KEY, kind TEXT, seconds REAL);
        CREATE INDEX duration_kind ON duration (kind);
        """,
        "ALTER TABLE duration ADD COLUMN work REAL",
        """
        DROP TABLE artifact;
        DROP TABLE result;
        DROP TABLE stage_commit;
        CREATE TABLE result (key BLOB PRIMARY KEY, artifact BLOB, files BLOB);
        CREATE TABLE stage_commit (id BLOB PRIMARY KEY, commit_id TEXT);
        CREATE TABLE build (recipe TEXT PRIMARY KEY, content BLOB, commit_id TEXT);
        CREATE TABLE repository (id TEXT);
        """,
        "ALTER TABLE stage_commit ADD COLUMN pinned INTEGER NOT NULL DEFAULT 0",
        """
        DROP TABLE file;
        DROP TABLE result;
        DROP TABLE stage_commit;
        CREATE TABLE file (
            path TEXT PRIMARY KEY, size INTEGER, modified INTEGER, inode INTEGER, digest TEXT, seal INTEGER);
        CREATE TABLE result (key BLOB PRIMARY KEY, artifact BLOB, files BLOB, seal INTEGER);
        CREATE TABLE stage_commit (id BLOB PRIMARY KEY, commit_id TEXT, pinned INTEGER NOT NULL, seal INTEGER);
        """,
        "CREATE TABLE stage_name (recipe TEXT, name TEXT, commit_id TEXT, PRIMARY KEY (recipe, name))",
        """
        DROP TABLE file;
        CREATE TABLE file (
            path TEXT PRIMARY KEY, size INTEGER, modified INTEGER, changed INTEGER, inode INTEGER, device INTEGER,
            digest TEXT, seal INTEGER);
        CREATE TABLE recipe_file (recipe TEXT PRIMARY KEY, path TEXT);
        """,
        "CREATE TABLE survey (key BLOB PRIMARY KEY, found TEXT, seal INTEGER)",
    ]

    /// Reads without a transaction, which would cost a single statement twice its own time: no body minds what others write
    /// between two statements of its own.
    func read<Value: Sendable>(_ body: @Sendable (Database) throws -> Value) throws(StoreError) -> Value {
        do {
            return try database.unsafeRead(body)
        } catch {
            throw IndexFailure.of(error, at: path)
        }
    }

    func write(_ body: @Sendable (Database) throws -> Void) throws(StoreError) {
        do {
            try database.write(body)
        } catch {
            throw IndexFailure.of(error, at: path)
        }
    }
}

extension Row {
    /// A column as what it should be; `nil` where it is something else: a damaged row is no reason to crash.
    func column<Value: DatabaseValueConvertible>(_ index: Int, as type: Value.Type = Value.self) -> Value? {
        Value.fromDatabaseValue(self[index] as DatabaseValue)
    }
}
