import CLibgit2
import Foundation

/// A commit's id: the hexadecimal SHA-1 of git.
package struct CommitID: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// 40 digits.
    package let hex: String

    init(hex: String) { self.hex = hex }
    package var description: String { hex }
    package static func < (left: CommitID, right: CommitID) -> Bool { left.hex < right.hex }
}

/// The bare repository of the lineage, over libgit2. Not safe for two threads at once: the store locks it.
final class GitRepository {
    let pointer: OpaquePointer
    /// Ids of objects that libgit2 may read: see `requireIntact`.
    var intact: Set<String> = []

    /// Loose objects and refs reach the disk before the next step, so that a ref never names what a crash lost.
    private static let isInitialized: Bool = git_libgit2_init() > 0 && decant_enable_fsync() == 0

    /// Makes a bare repository, unless something is at its path. It is whole when it gets its name, whatever happens meanwhile.
    ///
    /// - Parameter place: where it is made; nobody else does so there at the same time.
    static func make(at url: URL, in place: URL) throws(StoreError) {
        guard access(url.path, F_OK) != 0 else { return }
        try? FileManager.default.removeItem(at: place)
        _ = try GitRepository(at: place)
        guard rename(place.path, url.path) == 0 else { throw .cannotWrite(path: url.path, reason: StoreError.systemReason) }
    }

    /// Opens the repository at a path, or makes a bare one there.
    convenience init(at url: URL) throws(StoreError) {
        try self.init { pointer in
            let status = git_repository_open_bare(&pointer, url.path)
            return status == 0 ? status : git_repository_init(&pointer, url.path, 1)
        }
    }

    init(opening open: (inout OpaquePointer?) -> Int32) throws(StoreError) {
        guard Self.isInitialized else { throw .git(operation: "start", reason: "libgit2 cannot be initialized") }
        var pointer: OpaquePointer?
        try Self.check(open(&pointer), "open the repository")
        guard let pointer else { throw .git(operation: "open the repository", reason: "no repository came back") }
        self.pointer = pointer
    }

    deinit { git_repository_free(pointer) }

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

    func exists(_ id: git_oid) -> Bool {
        var database: OpaquePointer?
        guard git_repository_odb(&database, pointer) == 0 else { return false }
        defer { git_odb_free(database) }
        return withUnsafePointer(to: id) { git_odb_exists(database, $0) == 1 }
    }

    /// Runs a body for every object of the repository.
    func forEachObject(_ body: @escaping (git_oid) -> Void) throws(StoreError) {
        var database: OpaquePointer?
        try Self.check(git_repository_odb(&database, pointer), "open the object database")
        defer { git_odb_free(database) }
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
        var database: OpaquePointer?
        var object: OpaquePointer?
        guard (try? requireIntact(id)) != nil, git_repository_odb(&database, pointer) == 0 else { return false }
        defer { git_odb_free(database) }
        guard withUnsafePointer(to: id, { git_odb_read(&object, database, $0) }) == 0 else { return false }
        defer { git_odb_object_free(object) }
        var actual = git_oid()
        git_odb_hash(&actual, git_odb_object_data(object), git_odb_object_size(object), git_odb_object_type(object))
        return withUnsafePointer(to: id) { git_oid_equal($0, &actual) } == 1
    }

    // MARK: Errors and ids

    static func check(_ status: Int32, _ operation: String) throws(StoreError) {
        guard status < 0 else { return }
        let message = git_error_last().flatMap { $0.pointee.message.map { String(cString: $0) } }
        throw .git(operation: operation, reason: message ?? "libgit2 error \(status)")
    }

    static func hex(_ id: git_oid) -> String {
        var text = [CChar](repeating: 0, count: 41)
        withUnsafePointer(to: id) { _ = git_oid_tostr(&text, text.count, $0) }
        return String(decoding: text.prefix(40).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    static func id(_ hex: String) -> git_oid? {
        var id = git_oid()
        return hex.utf8.count == 40 && git_oid_fromstr(&id, hex) == 0 ? id : nil
    }
}
