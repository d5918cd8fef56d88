import CLibgit2
import Foundation

extension GitRepository {
    /// Opens a repository that is there: bare, or with a working tree.
    convenience init(existing url: URL) throws(StoreError) {
        try self.init { pointer in
            git_repository_open_ext(&pointer, url.path, UInt32(GIT_REPOSITORY_OPEN_NO_SEARCH.rawValue), nil)
        }
    }

    /// What a ref names itself: of an annotated tag the tag, not its commit; `nil` where there is no such ref.
    func named(by reference: String) throws(StoreError) -> CommitID? {
        try object(of: reference).map { CommitID(hex: Self.hex($0)) }
    }

    /// The type of an object; `nil` where it is absent.
    func type(of id: git_oid) -> git_object_t? { try? header(of: id)?.type }

    /// The type and the bytes of an object, without reading it; `nil` where it is absent.
    func header(of id: git_oid) throws(StoreError) -> (type: git_object_t, size: Int)? {
        try requireIntact(id)
        var database: OpaquePointer?
        try Self.check(git_repository_odb(&database, pointer), "open the object database")
        defer { git_odb_free(database) }
        var size = 0
        var type = GIT_OBJECT_INVALID
        var id = id
        let status = git_odb_read_header(&size, &type, database, &id)
        if status == GIT_ENOTFOUND.rawValue { return nil }
        try Self.check(status, "read the git object \(Self.hex(id))")
        return (type, size)
    }

    /// What an object names, submodules aside: a commit its tree and its parents, a tree its entries, a tag its target. An
    /// object in a file of its own is verified before libgit2 sees it.
    func named(by id: git_oid) throws(StoreError) -> [git_oid] {
        try requireIntact(id)
        switch type(of: id) {
        case GIT_OBJECT_COMMIT:
            guard let commit = try commit(CommitID(hex: Self.hex(id))) else { return [] }
            return commit.parents.compactMap { Self.id($0.hex) } + [commit.tree]
        case GIT_OBJECT_TREE: return try rawEntries(of: id).filter { $0.mode != 0o160000 }.map(\.id)
        case GIT_OBJECT_TAG: return try [tagTarget(id)].compactMap { $0 }
        case nil: throw .git(operation: "read the object \(Self.hex(id))", reason: "it is missing")
        default: return []
        }
    }

    /// What an annotated tag names.
    func tagTarget(_ id: git_oid) throws(StoreError) -> git_oid? {
        try requireIntact(id)
        var tag: OpaquePointer?
        var id = id
        try Self.check(git_tag_lookup(&tag, pointer, &id), "read a tag")
        defer { git_tag_free(tag) }
        return git_tag_target_id(tag)?.pointee
    }

    /// An entry of a tree as it stands there, whatever it is.
    struct RawEntry {
        /// Bytes between mode and id; not always UTF-8.
        var name: [UInt8]
        /// As written: `0o100644` for a file.
        var mode: UInt32
        var id: git_oid
    }

    /// The entries of a tree in their order, none interpreted.
    func rawEntries(of tree: git_oid) throws(StoreError) -> [RawEntry] {
        try requireIntact(tree)
        var pointer: OpaquePointer?
        var tree = tree
        try Self.check(git_tree_lookup(&pointer, self.pointer, &tree), "read a tree")
        defer { git_tree_free(pointer) }
        return (0..<git_tree_entrycount(pointer)).compactMap { index in
            guard let entry = git_tree_entry_byindex(pointer, index), let id = git_tree_entry_id(entry)?.pointee,
                let name = git_tree_entry_name(entry)
            else { return nil }
            let bytes = UnsafeRawBufferPointer(start: name, count: strlen(name))
            return RawEntry(name: Array(bytes), mode: UInt32(git_tree_entry_filemode_raw(entry).rawValue), id: id)
        }
    }

    /// Runs a body for every commit that tips reach, but for what known commits reach. Both may be of any kind, or absent.
    func walk(_ tips: [CommitID], without known: [CommitID], _ body: (CommitID) throws(StoreError) -> Void) throws(StoreError) {
        var walk: OpaquePointer?
        try Self.check(git_revwalk_new(&walk, pointer), "walk the commits")
        defer { git_revwalk_free(walk) }
        for tip in tips {
            guard var id = Self.id(tip.hex) else { continue }
            while type(of: id) == GIT_OBJECT_TAG, let target = try tagTarget(id) { id = target }
            if type(of: id) == GIT_OBJECT_COMMIT { try Self.check(git_revwalk_push(walk, &id), "walk the commits") }
        }
        for commit in known {
            guard var id = Self.id(commit.hex), type(of: id) == GIT_OBJECT_COMMIT else { continue }
            try Self.check(git_revwalk_hide(walk, &id), "walk the commits")
        }
        var id = git_oid()
        while git_revwalk_next(&id, walk) == 0 { try body(CommitID(hex: Self.hex(id))) }
    }

    /// Whether a commit is, or descends from, another.
    func contains(_ commit: CommitID, _ ancestor: CommitID) throws(StoreError) -> Bool {
        if commit == ancestor { return true }
        guard var descendant = Self.id(commit.hex), var other = Self.id(ancestor.hex) else { return false }
        let answer = git_graph_descendant_of(pointer, &descendant, &other)
        try Self.check(answer, "compare two commits")
        return answer == 1
    }
}

/// A git object's id, as a key.
struct ObjectName: Hashable {
    private let high: UInt64
    private let middle: UInt64
    private let low: UInt32

    init(_ id: git_oid) {
        (high, middle, low) = withUnsafeBytes(of: id) { bytes in
            (
                bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self),
                bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self),
                bytes.loadUnaligned(fromByteOffset: 16, as: UInt32.self)
            )
        }
    }
}
