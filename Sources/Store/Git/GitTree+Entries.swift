import CLibgit2

extension GitRepository {
    /// The files that stand at the top of a tree; its folders are passed over.
    func topFiles(of tree: git_oid) throws(StoreError) -> [(name: String, id: git_oid)] {
        let pointer = try lookUp(tree, as: GIT_OBJECT_TREE)
        defer { git_object_free(pointer) }
        return (0..<git_tree_entrycount(pointer)).compactMap { index in
            guard let entry = git_tree_entry_byindex(pointer, index), git_tree_entry_filemode(entry) == GIT_FILEMODE_BLOB,
                let id = git_tree_entry_id(entry)?.pointee, let name = git_tree_entry_name(entry)
            else { return nil }
            return (String(cString: name), id)
        }
    }
}
