import BuildModel
import CLibgit2
import CanonicalJSON
import Foundation

/// Where two people built the same recipe: a build on top of both, so that the next push is a step forwards.
enum BuildMerge {
    /// The newer of two builds once more, ours as the first parent; no ref is moved.
    static func write(
        _ ours: CommitID, _ theirs: CommitID, recipe: String, in repository: GitRepository
    ) throws(StoreError) -> CommitID {
        guard let own = try repository.commit(ours), let other = try repository.commit(theirs) else {
            throw .git(operation: "merge two builds of \(recipe)", reason: "one of them is not there")
        }
        let newer = other.author.time > own.author.time ? other : own
        let plan = try BuildCommit.plan(of: newer, in: repository)
        let targets = (plan?["targets"]?.array ?? []).compactMap { $0["commit"]?.string }.map(CommitID.init(hex:))
        return try repository.writeCommit(
            tree: newer.tree, parents: StageCommit.unique([ours, theirs] + targets),
            message: "\(recipe): merged; the build of \(newer.author.name) is the newer\n",
            signature: repository.localSignature()
        )
    }
}
