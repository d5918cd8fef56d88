import CLibgit2
import Foundation

/// A commit's id: the hexadecimal SHA-1 of git.
package struct CommitID: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// 40 digits.
    package let hex: String

    package init(hex: String) { self.hex = hex }
    package var description: String { hex }
    package static func < (left: CommitID, right: CommitID) -> Bool { left.hex < right.hex }
}

/// A git repository, over libgit2. Not safe for two threads at once: the store locks its own.
package final class GitRepository {
    package let pointer: OpaquePointer
    /// Its objects.
    let database: OpaquePointer
    /// Ids of objects that libgit2 may read: see `requireIntact`.
    var intact: Set<String> = []

    /// Makes a bare repository, unless something is at its path. It is whole when it gets its name, whatever happens meanwhile.
    ///
    /// - Parameter place: a temporary path for the new repository; no other process uses it at the same time.
    static func make(at url: URL, in place: URL) throws(StoreError) {
        guard access(url.path, F_OK) != 0 else { return }
        try? FileManager.default.removeItem(at: place)
        _ = try GitRepository(at: place)
        try DurableFolder.flushAll(below: place)
        guard rename(place.path, url.path) == 0 else { throw .cannotWrite(path: url.path, reason: StoreError.systemReason) }
        try DurableFolder.flush(url.deletingLastPathComponent())
    }

    /// Opens the repository at a path, or makes a bare one there.
    convenience init(at url: URL) throws(StoreError) {
        try self.init { pointer in
            let status = git_repository_open_bare(&pointer, url.path)
            return status == 0 ? status : git_repository_init(&pointer, url.path, 1)
        }
    }

    /// Opens a repository that is there: bare, or with a working tree. One of somebody else must be named as safe.
    package convenience init(existing url: URL) throws(StoreError) {
        try self.init { pointer in
            git_repository_open_ext(&pointer, url.path, UInt32(GIT_REPOSITORY_OPEN_NO_SEARCH.rawValue), nil)
        }
        try Ownership.check(
            gitFolder: String(cString: git_repository_path(pointer)),
            workTree: git_repository_workdir(pointer).map { String(cString: $0) })
    }

    private init(opening open: (inout OpaquePointer?) -> Int32) throws(StoreError) {
        guard Libgit2.isStarted else { throw .git(operation: "start", reason: "libgit2 cannot be initialized") }
        var pointer: OpaquePointer?
        try Self.check(open(&pointer), "open the repository")
        var database: OpaquePointer?
        try Self.check(git_repository_odb(&database, pointer), "open the object database")
        guard let pointer, let database else { throw .git(operation: "open the repository", reason: "no repository came back") }
        (self.pointer, self.database) = (pointer, database)
    }

    deinit {
        git_odb_free(database)
        git_repository_free(pointer)
    }

    /// Looks for packs that were added since this repository was opened.
    package func refresh() throws(StoreError) { try Self.check(git_odb_refresh(database), "read the object database") }

    // MARK: Blobs and trees

    func writeBlob(_ content: some ContiguousBytes & Collection<UInt8>) throws(StoreError) -> git_oid {
        var id = git_oid()
        let status = content.withUnsafeBytes { git_blob_create_from_buffer(&id, pointer, $0.baseAddress, $0.count) }
        try Self.check(status, "write a blob")
        return id
    }

    func readBlob(_ id: git_oid) throws(StoreError) -> [UInt8] {
        let blob = try lookUp(id, as: GIT_OBJECT_BLOB)
        defer { git_object_free(blob) }
        let size = Int(git_blob_rawsize(blob))
        return [UInt8](UnsafeRawBufferPointer(start: git_blob_rawcontent(blob), count: size))
    }

    package func exists(_ id: git_oid) -> Bool { withUnsafePointer(to: id) { git_odb_exists(database, $0) == 1 } }

    /// The type and the bytes of an object, without reading it; `nil` where it is absent. The object is verified first.
    package func header(of id: git_oid) throws(StoreError) -> (type: git_object_t, size: Int)? {
        try requireIntact(id)
        var size = 0
        var type = GIT_OBJECT_INVALID
        let status = withUnsafePointer(to: id) { git_odb_read_header(&size, &type, database, $0) }
        if status == GIT_ENOTFOUND.rawValue { return nil }
        try Self.check(status, "read the git object \(Self.hex(id))")
        return (type, size)
    }

    /// The type of an object; `nil` where it is absent or damaged.
    package func type(of id: git_oid) -> git_object_t? { try? header(of: id)?.type }

    /// Whether the header of an object, which nobody has verified, says that it is a commit.
    func looksLikeCommit(_ id: git_oid) -> Bool {
        var size = 0
        var type = GIT_OBJECT_INVALID
        return withUnsafePointer(to: id) { git_odb_read_header(&size, &type, database, $0) } == 0 && type == GIT_OBJECT_COMMIT
    }

    /// Runs a body for every object of the repository.
    package func forEachObject(_ body: @escaping (git_oid) -> Void) throws(StoreError) {
        var visit = body
        let status = withUnsafeMutablePointer(to: &visit) { visit in
            git_odb_foreach(
                database,
                { id, payload in
                    guard let id, let payload else { return 0 }
                    payload.assumingMemoryBound(to: ((git_oid) -> Void).self).pointee(id.pointee)
                    return 0
                }, visit)
        }
        try Self.check(status, "list the objects")
    }

    /// Whether an object can be read and is what its id says.
    func isIntact(_ id: git_oid) -> Bool {
        var object: OpaquePointer?
        guard (try? requireIntact(id)) != nil, withUnsafePointer(to: id, { git_odb_read(&object, database, $0) }) == 0 else {
            return false
        }
        defer { git_odb_object_free(object) }
        var actual = git_oid()
        git_odb_hash(&actual, git_odb_object_data(object), git_odb_object_size(object), git_odb_object_type(object))
        return ObjectName(actual) == ObjectName(id)
    }

    // MARK: Errors and ids

    package static func check(_ status: Int32, _ operation: String) throws(StoreError) {
        guard status < 0 else { return }
        let message = git_error_last().flatMap { $0.pointee.message.map { String(cString: $0) } }
        throw .git(operation: operation, reason: message ?? "libgit2 error \(status)")
    }

    package static func hex(_ id: git_oid) -> String {
        var text = [CChar](repeating: 0, count: 41)
        withUnsafePointer(to: id) { _ = git_oid_tostr(&text, text.count, $0) }
        return String(decoding: text.prefix(40).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    package static func id(_ hex: String) -> git_oid? {
        var id = git_oid()
        return Libgit2.isStarted && hex.utf8.count == 40 && git_oid_fromstr(&id, hex) == 0 ? id : nil
    }
}

/// A git object's id, as a key.
package struct ObjectName: Hashable {
    private let high: UInt64
    private let middle: UInt64
    private let low: UInt32

    package init(_ id: git_oid) {
        (high, middle, low) = withUnsafeBytes(of: id) { bytes in
            (
                bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self),
                bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self),
                bytes.loadUnaligned(fromByteOffset: 16, as: UInt32.self)
            )
        }
    }
}
