import Synchronization

/// Refs of stage commits that no other ref reaches yet: the ref of an action names the first commit that was made for it, and the
/// others are reached from the build that needs them, once it is recorded. Without them, `git gc --prune=now` beside a build
/// would take its commits.
package final class PendingCommits: Sendable {
    package static let references = "refs/decant/pending/"

    private let names = Mutex<Set<String>>([])

    /// Names a commit. The caller holds the write lock.
    func add(_ commit: CommitID, in repository: GitRepository) throws(StoreError) {
        let name = Self.references + commit.hex
        _ = try repository.createReference(name, to: commit)
        _ = names.withLock { $0.insert(name) }
    }

    var isEmpty: Bool { names.withLock { $0.isEmpty } }

    /// Takes the names back: a build names the commits, or this process ends. The caller holds the write lock.
    func settle(in repository: GitRepository) {
        let settled = names.withLock { names in
            defer { names = [] }
            return names
        }
        for name in settled { try? repository.removeReference(name) }
    }

    /// Removes those that killed processes left. The caller uses the store alone.
    static func removeAll(in repository: GitRepository) throws(StoreError) {
        for name in try repository.references(startingWith: references) { try repository.removeReference(name) }
    }
}
