import CLibgit2

extension GitRepository {
    /// The files and folders that stand at the top of a tree; anything else is passed over.
    func entries(of tree: git_oid) throws(StoreError) -> [(name: String, entry: GitTree)] {
        let pointer = try lookUp(tree, as: GIT_OBJECT_TREE)
        defer { git_object_free(pointer) }
        return (0..<git_tree_entrycount(pointer)).compactMap { index in
            guard let entry = git_tree_entry_byindex(pointer, index), let id = git_tree_entry_id(entry)?.pointee,
                let name = git_tree_entry_name(entry)
            else { return nil }
            return switch git_tree_entry_filemode(entry) {
            case GIT_FILEMODE_BLOB: (String(cString: name), .blob(id))
            case GIT_FILEMODE_TREE: (String(cString: name), .existing(id))
            default: nil
            }
        }
    }
}
