import CLibgit2

/// Where notes lie in the tree of a commit of notes: a note's path is the id of what it is about, cut by slashes.
///
/// Decant cuts behind the second digit, so that adding a note rewrites one folder in 256 and not all notes. Git reads any cut,
/// and cuts elsewhere itself when it writes; so does this, and puts such trees in order when it adds to them. Libgit2 has an
/// interface for notes, which never cuts, and crashes on a damaged tree.
enum NoteTree {
    /// The tree of a commit of notes with one more: as little of it as adding touches is read.
    static func adding(
        _ note: git_oid, to commit: CommitID, in head: CommitID?, of repository: GitRepository
    ) throws(StoreError) -> GitTree {
        guard let head else { return tree(of: [commit: note]) }
        let (name, rest) = (String(commit.hex.prefix(2)), String(commit.hex.dropFirst(2)))
        var folders: [String: GitTree] = [:]
        var folder: [String: GitTree] = [:]
        for entry in try repository.entries(of: tree(of: head, in: repository)) { folders[entry.name] = entry.entry }
        if case .existing(let id) = folders[name] {
            for entry in try repository.entries(of: id) { folder[entry.name] = entry.entry }
        }
        guard !folders.values.contains(where: \.isFile), folder.values.allSatisfy(\.isFile) else {
            return tree(of: try notes(in: head, of: repository).merging([commit: note]) { $1 })
        }
        folder[rest] = .blob(note)
        folders[name] = .directory(folder)
        return .directory(folders)
    }

    static func tree(of notes: [CommitID: git_oid]) -> GitTree {
        var root = GitTree.directory([:])
        for (commit, note) in notes {
            root.insert(.blob(note), at: [String(commit.hex.prefix(2)), String(commit.hex.dropFirst(2))])
        }
        return root
    }

    /// Every note, by the commit that it is about.
    static func notes(
        in head: CommitID, of repository: GitRepository
    ) throws(StoreError) -> [CommitID: git_oid] {
        var notes: [CommitID: git_oid] = [:]
        for (path, note) in try repository.files(below: tree(of: head, in: repository)) {
            notes[CommitID(hex: path.replacing("/", with: ""))] = note
        }
        return notes
    }

    /// The note of one commit; `nil` where it has none.
    static func note(
        of commit: CommitID, in head: CommitID, of repository: GitRepository
    ) throws(StoreError) -> git_oid? {
        let tree = try tree(of: head, in: repository)
        for cuts in [[2], [], [2, 4]] {
            var path = commit.hex
            for cut in cuts.reversed() { path.insert("/", at: path.index(path.startIndex, offsetBy: cut)) }
            if let note = try repository.entry(path, of: tree) { return note }
        }
        return nil
    }

    private static func tree(of head: CommitID, in repository: GitRepository) throws(StoreError) -> git_oid {
        guard let commit = try repository.commit(head) else {
            throw .git(operation: "read the notes of runs", reason: "the commit \(head) is missing")
        }
        return commit.tree
    }
}
