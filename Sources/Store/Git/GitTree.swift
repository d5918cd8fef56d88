import BuildModel
import CLibgit2
import Foundation

/// A directory of a commit, as nested values.
indirect enum GitTree {
    case blob(git_oid)
    /// A directory that the repository already has.
    case existing(git_oid)
    case directory([FileName: GitTree])

    var isFile: Bool { if case .blob = self { true } else { false } }

    /// Puts an entry at a path, making the directories on the way.
    mutating func insert(_ entry: GitTree, at path: some Collection<String>) {
        guard let name = path.first.map({ FileName($0) }), case .directory(var children) = self else { return }
        if path.count == 1 {
            children[name] = entry
        } else {
            var child = children[name] ?? .directory([:])
            child.insert(entry, at: path.dropFirst())
            children[name] = child
        }
        self = .directory(children)
    }
}

/// An entry of a tree, not interpreted.
package struct TreeEntry {
    /// Of the name, which is not always UTF-8.
    var bytes: [UInt8]
    /// As written: `0o100644` for a file.
    var mode: UInt32
    package var id: git_oid

    static let directory: UInt32 = 0o040000
    static let link: UInt32 = 0o120000
    static let submodule: UInt32 = 0o160000

    var name: String { String(decoding: bytes, as: UTF8.self) }
    var isDirectory: Bool { mode == Self.directory }
    /// Whether it is a plain file: executables are none.
    var isFile: Bool { mode & 0o170000 == 0o100000 && mode & 0o100 == 0 }
    /// `nil` where it is neither a file nor a directory.
    var tree: GitTree? { isFile ? .blob(id) : isDirectory ? .existing(id) : nil }
}

extension GitRepository {
    /// Writes a directory and everything below it; git sorts the entries by its own rule.
    func write(_ tree: GitTree) throws(StoreError) -> git_oid {
        switch tree {
        case .blob(let id), .existing(let id): return id
        case .directory(let children):
            var builder: OpaquePointer?
            try Self.check(git_treebuilder_new(&builder, pointer, nil), "start a tree")
            defer { git_treebuilder_free(builder) }
            for (name, child) in children.sorted(by: { $0.key < $1.key }) {
                let name = name.text
                var id = try write(child)
                let mode = if case .blob = child { GIT_FILEMODE_BLOB } else { GIT_FILEMODE_TREE }
                try Self.check(git_treebuilder_insert(nil, builder, name, &id, mode), "add '\(name)' to a tree")
            }
            var id = git_oid()
            try Self.check(git_treebuilder_write(&id, builder), "write a tree")
            return id
        }
    }

    /// The entries of a tree in their order, none interpreted.
    package func entries(of tree: git_oid) throws(StoreError) -> [TreeEntry] {
        let pointer = try lookUp(tree, as: GIT_OBJECT_TREE)
        defer { git_object_free(pointer) }
        return (0..<git_tree_entrycount(pointer)).compactMap { index in
            guard let entry = git_tree_entry_byindex(pointer, index), let id = git_tree_entry_id(entry)?.pointee,
                let name = git_tree_entry_name(entry)
            else { return nil }
            let bytes = UnsafeRawBufferPointer(start: name, count: strlen(name))
            return TreeEntry(bytes: Array(bytes), mode: UInt32(git_tree_entry_filemode_raw(entry).rawValue), id: id)
        }
    }

    /// The id of an entry of a tree, by its path; `nil` where it is absent.
    package func entry(_ path: String, of tree: git_oid) throws(StoreError) -> git_oid? {
        var id = tree
        for name in Artifact.components(of: path) {
            let tree = try lookUp(id, as: GIT_OBJECT_TREE)
            defer { git_object_free(tree) }
            guard let entry = git_tree_entry_byname(tree, name), let next = git_tree_entry_id(entry)?.pointee
            else { return nil }
            id = next
        }
        return id
    }

    /// Every file below a tree with its path, sorted by path. Anything but files and directories is refused.
    func files(below tree: git_oid, prefix: String = "", depth: Int = 0) throws(StoreError) -> [(path: String, id: git_oid)] {
        guard depth < 64 else { throw .git(operation: "read a tree", reason: "it is nested deeper than 64 levels") }
        var files: [(path: String, id: git_oid)] = []
        for entry in try entries(of: tree) {
            let path = prefix + entry.name
            if entry.isFile {
                files.append((path, entry.id))
            } else if entry.isDirectory {
                files += try self.files(below: entry.id, prefix: path + "/", depth: depth + 1)
            } else {
                throw .git(operation: "read a tree", reason: "'\(path)' is neither a file nor a directory")
            }
        }
        return files
    }
}
