import BuildModel
import CLibgit2
import CanonicalJSON
import Foundation

/// A build commit, read: who built what and when, and every stage with its commit.
package struct StoredBuild: Sendable {
    package var commit: CommitID
    package var recipe: String
    package var time: Date
    package var author: String
    /// The commit's subject without the recipe's name: `12 ran, 3 cached`.
    package var summary: String
    package var isSigned: Bool
    /// The recipe's build before this one.
    package var previous: CommitID?
    /// In graph order.
    package var stages: [BuildRecord.Stage]
    package var targets: [BuildEntry.Target]

    /// The commit of a stage or a target of this build.
    package func commit(of name: String) -> CommitID? {
        targets.first { $0.name == name }?.commit ?? stages.first { $0.name == name }?.commit
    }
}

/// The texts that a build was made from.
package struct BuildTexts: Hashable, Sendable {
    /// As written.
    package var recipe: String
    /// The lock and the recipes that it extends, by file name.
    package var companions: [String: String]
}

extension GitRepository {
    /// Reads a build commit; `nil` where the commit is absent or of another kind.
    func build(_ id: CommitID) throws(StoreError) -> StoredBuild? {
        guard let commit = try commit(id), let plan = try BuildCommit.plan(of: commit, in: self) else { return nil }
        let subject = commit.message.prefix { $0 != "\n" }
        let recipe = String(subject.prefix { $0 != ":" })
        func entries(_ key: String) -> [(name: String, commit: CommitID)] {
            (plan[key]?.array ?? []).compactMap { entry in
                guard let name = entry["name"]?.string, let commit = entry["commit"]?.string else { return nil }
                return (name, CommitID(hex: commit))
            }
        }
        var previous = commit.parents.first
        // The first build's first parent is a target's stage commit, which has no plan.
        if let parent = previous, try !isBuild(parent) { previous = nil }
        return StoredBuild(
            commit: id, recipe: recipe, time: commit.author.time,
            author: "\(commit.author.name) <\(commit.author.email)>",
            summary: subject.dropFirst(recipe.count + 1).trimmingCharacters(in: .whitespaces), isSigned: isSigned(id),
            previous: previous, stages: entries("stages").map { .init(name: $0.name, commit: $0.commit) },
            targets: entries("targets").map { .init(name: $0.name, commit: $0.commit) })
    }

    private func isBuild(_ id: CommitID) throws(StoreError) -> Bool {
        guard let commit = try commit(id) else { return false }
        return try entry("plan.json", of: commit.tree) != nil
    }
}
