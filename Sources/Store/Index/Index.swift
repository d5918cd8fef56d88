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
            throw Self.failure(error)
        } catch {
            for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: url.path + suffix) }
            do {
                database = try Self.open(url)
            } catch {
                throw Self.failure(error)
            }
        }
    }

    private static func open(_ url: URL) throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.journalMode = .wal
        configuration.busyMode = .timeout(60)
        let queue = try DatabaseQueue(path: url.path, configuration: configuration)
        var migrator = DatabaseMigrator()
        for (number, sql) in migrations.enumerated() {
            migrator.registerMigration(String(number + 1)) { database in try database.execute(sql: sql) }
        }
        try migrator.migrate(queue)
        return queue
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
    ]

    /// Reads without a transaction, which would cost a single statement twice its own time: no body minds what others write
    /// between two statements of its own.
    func read<Value: Sendable>(_ body: @Sendable (Database) throws -> Value) throws(StoreError) -> Value {
        do {
            return try database.unsafeRead(body)
        } catch {
            throw Self.failure(error)
        }
    }

    func write(_ body: @Sendable (Database) throws -> Void) throws(StoreError) {
        do {
            try database.write(body)
        } catch {
            throw Self.failure(error)
        }
    }

    /// A full disk is no fault of the index: to delete it would be the wrong advice.
    private static func failure(_ error: any Error) -> StoreError {
        guard let error = error as? DatabaseError, error.resultCode == .SQLITE_FULL else { return .index(reason: "\(error)") }
        return .cannotWrite(path: "index.sqlite", reason: "No space left on device")
    }
}

extension Row {
    /// A column as what it should be; `nil` where it is something else: a damaged row is no reason to crash.
    func column<Value: DatabaseValueConvertible>(_ index: Int, as type: Value.Type = Value.self) -> Value? {
        Value.fromDatabaseValue(self[index] as DatabaseValue)
    }
}
