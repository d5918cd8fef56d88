import CLibgit2

/// What objects name, and what can be reached from where. Every object is verified before libgit2 reads it: libgit2's own walks
/// read damaged objects past their ends.
extension GitRepository {
    /// What an object names, submodules aside: a commit its tree and its parents, a tree its entries, a tag its target.
    package func named(by id: git_oid) throws(StoreError) -> [git_oid] {
        switch try header(of: id)?.type {
        case GIT_OBJECT_COMMIT:
            guard let commit = try commit(CommitID(hex: Self.hex(id))) else { return [] }
            return commit.parents.compactMap { Self.id($0.hex) } + [commit.tree]
        case GIT_OBJECT_TREE: return try entries(of: id).filter { $0.mode != TreeEntry.submodule }.map(\.id)
        case GIT_OBJECT_TAG: return try [tagTarget(id)].compactMap { $0 }
        case nil: throw .git(operation: "read the object \(Self.hex(id))", reason: "it is missing")
        default: return []
        }
    }

    /// What an annotated tag names.
    func tagTarget(_ id: git_oid) throws(StoreError) -> git_oid? {
        let tag = try lookUp(id, as: GIT_OBJECT_TAG)
        defer { git_object_free(tag) }
        return git_tag_target_id(tag)?.pointee
    }

    /// The commit that an object is, or that it names as a tag; `nil` for anything else.
    func commit(under id: git_oid) throws(StoreError) -> git_oid? {
        var next = id
        // A tag may name a tag. Long chains do not occur.
        for _ in 0..<8 {
            switch try header(of: next)?.type {
            case GIT_OBJECT_COMMIT: return next
            case GIT_OBJECT_TAG:
                guard let target = try tagTarget(next) else { return nil }
                next = target
            default: return nil
            }
        }
        return nil
    }

    /// Every commit of the repository, whether a ref reaches it or not, sorted.
    func allCommits() throws(StoreError) -> [CommitID] {
        var commits: [CommitID] = []
        try forEachObject { [self] id in
            if looksLikeCommit(id) { commits.append(CommitID(hex: Self.hex(id))) }
        }
        return commits.sorted()
    }

    /// What the refs name.
    package func allTips() throws(StoreError) -> [CommitID] {
        var tips: [CommitID] = []
        for name in try references(startingWith: "refs/") {
            if let tip = try named(by: name) { tips.append(tip) }
        }
        return tips
    }

    /// Ids of all objects that a ref reaches.
    func reachableObjects() throws(StoreError) -> Set<String> {
        var seen: Set<String> = []
        var open = try allTips().compactMap { Self.id($0.hex) }
        while let id = open.popLast() {
            if seen.insert(Self.hex(id)).inserted { open += try named(by: id) }
        }
        return seen
    }

    /// Verifies every object that tips reach and known commits do not name: libgit2 reads them all when it packs them.
    package func requireIntactClosure(of tips: [CommitID], without known: Set<CommitID>) throws(StoreError) {
        var open = tips.compactMap { Self.id($0.hex) }
        var seen = Set(known.compactMap { Self.id($0.hex) }.map(ObjectName.init))
        while let id = open.popLast() {
            if seen.insert(ObjectName(id)).inserted { open += try named(by: id) }
        }
    }

    /// Runs a body for every commit that tips reach on a way without a known commit.
    ///
    /// - Parameter body: says whether to go on to the commit's parents.
    package func walk(
        _ tips: [CommitID], without known: Set<CommitID> = [], _ body: (GitCommit) throws(StoreError) -> Bool
    ) throws(StoreError) {
        var open: [CommitID] = []
        for tip in tips {
            guard let id = Self.id(tip.hex), let commit = (try? commit(under: id)) ?? nil else { continue }
            open.append(CommitID(hex: Self.hex(commit)))
        }
        var seen = known
        while let id = open.popLast() {
            guard seen.insert(id).inserted, let commit = try commit(id) else { continue }
            if try body(commit) { open += commit.parents }
        }
    }

    /// Whether a commit is, or descends from, another.
    package func contains(_ commit: CommitID, _ ancestor: CommitID) throws(StoreError) -> Bool {
        var isFound = false
        try walk([commit]) { commit throws(StoreError) in
            isFound = isFound || commit.id == ancestor
            return !isFound
        }
        return isFound
    }
}
