import BuildModel
import CLibgit2
import CanonicalJSON
import Foundation

/// What is not reproducible about a run: where, when and how long it ran. It is a git note on the stage commit.
package struct RunNote: Hashable, Sendable {
    package var host: String
    package var started: Date
    package var seconds: Double
    /// The most memory that the stage had, in bytes; `nil` where it is unknown.
    package var peakMemory: Int?

    package init(
        host: String = ProcessInfo.processInfo.hostName, started: Date, seconds: Double, peakMemory: Int? = nil
    ) {
        (self.host, self.started, self.seconds, self.peakMemory) = (host, started, seconds, peakMemory)
    }

    var json: JSON {
        var members: [String: JSON] = [
            "host": .string(host), "started": .string(started.formatted(.iso8601)),
            "seconds": .number((seconds * 1000).rounded() / 1000),
        ]
        if let peakMemory { members["peak_memory"] = .integer(Int64(peakMemory)) }
        return .object(members)
    }
    /// Reads a note back; `nil` where a field is missing or of another type.
    init?(json: JSON) {
        guard let host = json["host"]?.string, let text = json["started"]?.string,
            let started = try? Date(text, strategy: .iso8601), let seconds = json["seconds"]?.double
        else { return nil }
        self.init(host: host, started: started, seconds: seconds, peakMemory: json["peak_memory"]?.integer)
    }
}

extension Store {
    /// The last run of a stage commit that was noted; `nil` where none was.
    package func run(of commit: CommitID) throws(StoreError) -> RunNote? {
        try repository.withLock { repository throws(StoreError) in
            try RunNotes.note(of: commit, in: repository)
        }
    }
}

/// The notes on runs, by stage commit: git's own notes, which `git log --notes=decant/runs` shows.
package enum RunNotes {
    package static let reference = "refs/notes/decant/runs"

    /// Adds a note to a commit; a later run's note replaces it.
    static func add(_ note: RunNote, to commit: CommitID, in repository: GitRepository) throws(StoreError) {
        let head = try repository.target(of: reference)
        let blob = try repository.writeBlob(Array(note.json.prettyText.utf8))
        let written = try repository.writeCommit(
            tree: repository.write(NoteTree.adding([commit: blob], in: head, of: repository)),
            parents: head.map { [$0] } ?? [], message: "Note on a run\n", signature: repository.localSignature())
        guard try repository.moveReference(reference, from: head, to: written) else {
            throw .git(operation: "note a run", reason: "another program moved \(reference)")
        }
    }

    /// The notes of both sides, ours where both have one; no ref is moved.
    package static func merge(_ ours: CommitID, _ theirs: CommitID, in repository: GitRepository) throws(StoreError) -> CommitID
    {
        let notes = try NoteTree.notes(in: theirs, of: repository).merging(NoteTree.notes(in: ours, of: repository)) { $1 }
        return try repository.writeCommit(
            tree: repository.write(NoteTree.tree(of: notes)), parents: [ours, theirs], message: "Notes of two stores, merged\n",
            signature: repository.localSignature())
    }

    /// Every noted run, by its stage commit.
    static func all(in repository: GitRepository) throws(StoreError) -> [(commit: CommitID, note: RunNote)] {
        guard let head = try repository.target(of: reference) else { return [] }
        return try NoteTree.notes(in: head, of: repository).sorted { $0.key < $1.key }.compactMap { commit, note in
            (try? JSON(parsing: repository.readBlob(note))).flatMap(RunNote.init(json:)).map { (commit, $0) }
        }
    }

    /// The note of one commit; `nil` where it has none.
    static func note(of commit: CommitID, in repository: GitRepository) throws(StoreError) -> RunNote? {
        guard let head = try repository.target(of: reference),
            let blob = try NoteTree.note(of: commit, in: head, of: repository)
        else { return nil }
        return (try? JSON(parsing: repository.readBlob(blob))).flatMap(RunNote.init(json:))
    }
}

/// Where notes lie in the tree of a commit of notes: a note's path is the id of what it is about, cut by slashes.
///
/// Decant cuts behind the second digit, so that adding a note rewrites one folder in 256 and not all notes. Git reads any cut,
/// and cuts elsewhere itself when it writes; so does this, and puts such trees in order when it adds to them. Libgit2 has an
/// interface for notes, which never cuts, and crashes on a damaged tree.
enum NoteTree {
    /// The tree of a commit of notes with more of them: as little of it as adding touches is read.
    static func adding(
        _ new: [CommitID: git_oid], in head: CommitID?, of repository: GitRepository
    ) throws(StoreError) -> GitTree {
        guard let head else { return tree(of: new) }
        var folders: [FileName: GitTree] = [:]
        for entry in try repository.entries(of: tree(of: head, in: repository)) { folders[FileName(entry.name)] = entry.tree }
        let isInOrder = !folders.values.contains(where: \.isFile)
        for (name, notes) in Dictionary(grouping: new, by: { FileName(String($0.key.hex.prefix(2))) }) where isInOrder {
            var folder: [FileName: GitTree] = [:]
            if case .existing(let id) = folders[name] {
                for entry in try repository.entries(of: id) { folder[FileName(entry.name)] = entry.tree }
            }
            guard folder.values.allSatisfy(\.isFile) else { return try inOrder(new, head, repository) }
            for (commit, note) in notes { folder[FileName(String(commit.hex.dropFirst(2)))] = .blob(note) }
            folders[name] = .directory(folder)
        }
        return isInOrder ? .directory(folders) : try inOrder(new, head, repository)
    }

    /// All notes anew, cut as Decant cuts.
    private static func inOrder(
        _ new: [CommitID: git_oid], _ head: CommitID, _ repository: GitRepository
    ) throws(StoreError) -> GitTree {
        tree(of: try notes(in: head, of: repository).merging(new) { $1 })
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
