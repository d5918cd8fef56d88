import CLibgit2

extension GitRepository {
    /// Every commit of the repository, whether a ref reaches it or not, sorted.
    func allCommits() throws(StoreError) -> [CommitID] {
        var commits: [CommitID] = []
        try forEachObject { [self] id in
            if kind(of: id) == GIT_OBJECT_COMMIT { commits.append(CommitID(hex: Self.hex(id))) }
        }
        return commits.sorted()
    }

    /// Ids of all objects that a ref reaches.
    func reachableObjects() throws(StoreError) -> Set<String> {
        var seen: Set<String> = []
        var open: [git_oid] = []
        for name in try references(startingWith: "refs/") {
            if let target = try? target(of: name), let id = Self.id(target.hex) { open.append(id) }
        }
        while let id = open.popLast() {
            guard seen.insert(Self.hex(id)).inserted else { continue }
            open += try neighbours(of: id)
        }
        return seen
    }

    /// What an object is, by its header alone.
    func kind(of id: git_oid) -> git_object_t {
        var database: OpaquePointer?
        guard git_repository_odb(&database, pointer) == 0 else { return GIT_OBJECT_INVALID }
        defer { git_odb_free(database) }
        var size = 0
        var kind = GIT_OBJECT_INVALID
        return withUnsafePointer(to: id) { git_odb_read_header(&size, &kind, database, $0) } == 0 ? kind : GIT_OBJECT_INVALID
    }

    /// What an object names: a commit its tree and its parents, a tree its entries, a tag its target.
    private func neighbours(of id: git_oid) throws(StoreError) -> [git_oid] {
        try requireIntact(id)
        var object: OpaquePointer?
        try withUnsafePointer(to: id) { id throws(StoreError) in
            try Self.check(git_object_lookup(&object, pointer, id, GIT_OBJECT_ANY), "read the object \(Self.hex(id.pointee))")
        }
        defer { git_object_free(object) }
        switch git_object_type(object) {
        case GIT_OBJECT_COMMIT:
            let parents = (0..<git_commit_parentcount(object)).compactMap { git_commit_parent_id(object, $0)?.pointee }
            return parents + [git_commit_tree_id(object)?.pointee].compactMap { $0 }
        case GIT_OBJECT_TREE:
            return (0..<git_tree_entrycount(object)).compactMap { index in
                git_tree_entry_byindex(object, index).flatMap { git_tree_entry_id($0)?.pointee }
            }
        case GIT_OBJECT_TAG:
            return [git_tag_target_id(object)?.pointee].compactMap { $0 }
        default:
            return []
        }
    }
}
