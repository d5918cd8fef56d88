import BuildModel
import CLibgit2
import CanonicalJSON
import Foundation

/// What is not reproducible about a run: where, when, how long. Kept as a git note on the stage commit.
public struct RunNote: Hashable, Sendable {
    public var host: String
    public var started: Date
    public var seconds: Double
    /// The most memory that the stage had, in bytes; `nil` where nobody knows.
    public var peakMemory: Int?

    public init(
        host: String = ProcessInfo.processInfo.hostName, started: Date, seconds: Double, peakMemory: Int? = nil
    ) {
        self.host = host
        self.started = started
        self.seconds = seconds
        self.peakMemory = peakMemory
    }

    var json: JSON {
        var members: [String: JSON] = [
            "host": .string(host), "started": .string(started.formatted(.iso8601)),
            "seconds": .number((seconds * 1000).rounded() / 1000),
        ]
        if let peakMemory { members["peak_memory"] = .integer(Int64(peakMemory)) }
        return .object(members)
    }
}

enum RunNotes {
    static let reference = "refs/notes/decant/runs"

    /// Adds a note to a commit; a later run's note replaces it.
    static func add(_ note: RunNote, to commit: CommitID, in repository: GitRepository) throws(StoreError) {
        guard var target = GitRepository.id(commit.hex) else { return }
        try verifyTrees(andNoteOf: commit, in: repository)
        let author = repository.localSignature()
        var signature: UnsafeMutablePointer<git_signature>?
        let time = git_time_t(author.time.timeIntervalSince1970)
        try GitRepository.check(git_signature_new(&signature, author.name, author.email, time, author.offset), "sign a note")
        defer { git_signature_free(signature) }
        var id = git_oid()
        let status = repository.locked(reference) {
            git_note_create(&id, repository.pointer, reference, signature, signature, &target, note.json.prettyText, 1)
        }
        try GitRepository.check(status, "note a run")
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
        guard let head = try repository.target(of: reference), let notes = try repository.commit(head) else { return nil }
        // Where there are many, git puts them into folders of two digits.
        for cuts in [[], [2], [2, 4]] {
            var path = commit.hex
            for cut in cuts.reversed() { path.insert("/", at: path.index(path.startIndex, offsetBy: cut)) }
            if let blob = try repository.entry(path, of: notes.tree) { return try? JSON(parsing: repository.readBlob(blob)) }
        }
        return nil
    }

    /// Reads what libgit2 is going to read: the notes' trees, and the note that is replaced. The other notes are many.
    private static func verifyTrees(andNoteOf commit: CommitID, in repository: GitRepository) throws(StoreError) {
        guard let tree = try tree(in: repository) else { return }
        // The last part of a note's path is never shorter.
        let end = commit.hex.suffix(30)
        for (path, blob) in try repository.files(below: tree) where path.hasSuffix(end) { _ = try repository.readBlob(blob) }
    }

    private static func all(in repository: GitRepository) throws(StoreError) -> [(commit: CommitID, note: JSON)] {
        guard let tree = try tree(in: repository) else { return [] }
        // The tree is read here and not by libgit2's iterator, which crashes on one that is damaged. A note's path is the id of
        // what it is about, cut by slashes.
        return try repository.files(below: tree).compactMap { path, blob in
            (try? JSON(parsing: repository.readBlob(blob))).map { (CommitID(hex: path.replacing("/", with: "")), $0) }
        }
    }

    /// The newest tree of notes; `nil` where there are none.
    private static func tree(in repository: GitRepository) throws(StoreError) -> git_oid? {
        guard let head = try repository.target(of: reference) else { return nil }
        guard let commit = try repository.commit(head) else {
            throw .git(operation: "read the notes of runs", reason: "the commit \(head) is missing")
        }
        return commit.tree
    }
}
