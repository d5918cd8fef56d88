import BuildModel
import CLibgit2
import CanonicalJSON
import Foundation

/// The notes on runs, by stage commit: git's own notes, which `git log --notes=decant/runs` shows.
enum RunNotes {
    static let reference = "refs/notes/decant/runs"

    /// Adds a note to a commit; a later run's note replaces it.
    static func add(_ note: RunNote, to commit: CommitID, in repository: GitRepository) throws(StoreError) {
        let head = try repository.target(of: reference)
        let blob = try repository.writeBlob(Array(note.json.prettyText.utf8))
        let written = try repository.writeCommit(
            tree: repository.write(NoteTree.adding(blob, to: commit, in: head, of: repository)),
            parents: head.map { [$0] } ?? [], message: "Note on a run\n", signature: repository.localSignature())
        guard try repository.moveReference(reference, from: head, to: written) else {
            throw .git(operation: "note a run", reason: "another program moved \(reference)")
        }
    }

    /// The notes of both sides, ours where both have one; no ref is moved.
    static func merge(_ ours: CommitID, _ theirs: CommitID, in repository: GitRepository) throws(StoreError) -> CommitID {
        let notes = try NoteTree.notes(in: theirs, of: repository).merging(NoteTree.notes(in: ours, of: repository)) { $1 }
        return try repository.writeCommit(
            tree: repository.write(NoteTree.tree(of: notes)), parents: [ours, theirs], message: "Notes of two stores, merged\n",
            signature: repository.localSignature())
    }

    /// Seconds of every noted run, by stage commit.
    static func seconds(in repository: GitRepository) throws(StoreError) -> [(commit: CommitID, seconds: Double)] {
        try all(in: repository).compactMap { commit, note in note["seconds"]?.double.map { (commit, $0) } }
    }

    /// When every noted run started, by stage commit.
    static func started(in repository: GitRepository) throws(StoreError) -> [(commit: CommitID, started: Date)] {
        try all(in: repository).compactMap { commit, note in
            guard let started = note["started"]?.string, let date = try? Date(started, strategy: .iso8601) else { return nil }
            return (commit, date)
        }
    }

    /// The note of one commit; `nil` where it has none.
    static func note(of commit: CommitID, in repository: GitRepository) throws(StoreError) -> JSON? {
        guard let head = try repository.target(of: reference),
            let blob = try NoteTree.note(of: commit, in: head, of: repository)
        else { return nil }
        return try? JSON(parsing: repository.readBlob(blob))
    }

    private static func all(in repository: GitRepository) throws(StoreError) -> [(commit: CommitID, note: JSON)] {
        guard let head = try repository.target(of: reference) else { return [] }
        return try NoteTree.notes(in: head, of: repository).sorted { $0.key < $1.key }.compactMap { commit, note in
            (try? JSON(parsing: repository.readBlob(note))).map { (commit, $0) }
        }
    }
}
