import BuildModel
import CLibgit2
import CanonicalJSON
import Foundation

/// Where a stage or a build came from that was not made in this store, and when.
package struct Arrival: Hashable, Sendable {
    /// The remote's address, or `git` where a program of others brought it.
    package var origin: String
    package var time: Date

    package static let git = "git"

    package init(from origin: String, time: Date = Date()) { (self.origin, self.time) = (origin, time) }

    /// For people: `https://example.org/models on 2026-11-30`.
    package var words: String { "\(origin) on \(time.formatted(.iso8601).prefix(10))" }

    package var json: JSON { ["from": .string(origin), "time": .string(time.formatted(.iso8601))] }

    init?(json: JSON) {
        guard let origin = json["from"]?.string, let text = json["time"]?.string,
            let time = try? Date(text, strategy: .iso8601)
        else { return nil }
        self.init(from: origin, time: time)
    }
}

/// The marks on what came from elsewhere: git notes of this store alone, which no remote writes and no exchange carries.
///
/// They are written before any ref names what came, so that nothing foreign ever counts as made here. They lie in git, not in
/// the index: the index may be deleted, and nothing else could tell whose work a commit was.
enum Arrivals {
    static let reference = "refs/notes/decant/received"

    /// Marks commits; a mark that one has already stays.
    static func mark(_ commits: [CommitID], _ arrival: Arrival, in repository: GitRepository) throws(StoreError) {
        let head = try repository.target(of: reference)
        var new: [CommitID] = []
        for commit in commits {
            let known = try head.flatMap { head throws(StoreError) in try NoteTree.note(of: commit, in: head, of: repository) }
            if known == nil { new.append(commit) }
        }
        guard !new.isEmpty else { return }
        let blob = try repository.writeBlob(Array(arrival.json.prettyText.utf8))
        let notes = Dictionary(new.map { ($0, blob) }, uniquingKeysWith: { first, _ in first })
        let written = try repository.writeCommit(
            tree: repository.write(NoteTree.adding(notes, in: head, of: repository)), parents: head.map { [$0] } ?? [],
            message: "Received from \(arrival.origin)\n", signature: repository.localSignature())
        guard try repository.moveReference(reference, from: head, to: written) else {
            throw .git(operation: "mark what was received", reason: "another program moved \(reference)")
        }
    }

    /// All commits that have a mark.
    static func marked(in repository: GitRepository) throws(StoreError) -> [CommitID] {
        guard let head = try repository.target(of: reference) else { return [] }
        return try NoteTree.notes(in: head, of: repository).keys.sorted()
    }

    /// The mark of a commit; `nil` where it was made here.
    static func arrival(of commit: CommitID, in repository: GitRepository) throws(StoreError) -> Arrival? {
        guard let head = try repository.target(of: reference),
            let blob = try NoteTree.note(of: commit, in: head, of: repository)
        else { return nil }
        // A mark that cannot be read is a mark.
        return (try? JSON(parsing: repository.readBlob(blob))).flatMap(Arrival.init(json:))
            ?? Arrival(from: "somewhere", time: Date(timeIntervalSince1970: 0))
    }
}

extension Store {
    /// The ref of the marks on what came from elsewhere. It says nothing to anybody else.
    package static let receivedReference = Arrivals.reference

    /// Where a build came from; `nil` where it was made here.
    package func arrival(of commit: CommitID) throws(StoreError) -> Arrival? {
        try repository.withLock { repository throws(StoreError) in try Arrivals.arrival(of: commit, in: repository) }
    }

    /// Where a stage's result came from; `nil` where it was made here.
    ///
    /// A stage commit that was made here of a received result, because its inputs came another way, is as foreign as that.
    package func arrival(of record: StageRecord) throws(StoreError) -> Arrival? {
        try repository.withLock { repository throws(StoreError) in
            if let arrival = try Arrivals.arrival(of: record.commit, in: repository) { return arrival }
            guard let first = try repository.target(of: StageCommit.reference(for: record.action.key)),
                first != record.commit, let other = try StageCommit.read(first, from: repository),
                other.artifact.digest == record.artifact.digest
            else { return nil }
            return try Arrivals.arrival(of: first, in: repository)
        }
    }
}
