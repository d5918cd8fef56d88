import BuildModel
import CLibgit2
import CanonicalJSON
import Foundation

/// What a collection keeps: everything that recent builds, the newest build of each recipe, and tags need.
struct Reachability {
    /// Keys of the actions whose results stay.
    private(set) var keys: Set<Digest> = []
    /// Objects of their artifacts.
    private(set) var objects: Set<Digest> = []
    private var commits: Set<CommitID> = []

    /// - Parameter cutoff: what was built since stays.
    init(since cutoff: Date, in repository: GitRepository) throws(StoreError) {
        for name in try repository.references(startingWith: "refs/") {
            guard let target = try repository.target(of: name) else { continue }
            if name.hasPrefix(BuildCommit.branches) || name.hasPrefix("refs/remotes/") {
                try keepBuilds(from: target, since: cutoff, in: repository)
            } else if name.hasPrefix("refs/tags/") {
                try keep(target, in: repository)
            }
        }
        for run in try RunNotes.all(in: repository) where run.note.started >= cutoff { try keep(run.commit, in: repository) }
    }

    /// The newest build always, older ones if they are recent.
    private mutating func keepBuilds(from head: CommitID, since cutoff: Date, in repository: GitRepository) throws(StoreError) {
        var next: CommitID? = head
        while let id = next, let commit = try repository.commit(id), let plan = try BuildCommit.plan(of: commit, in: repository)
        {
            if id == head || commit.author.time >= cutoff { try keepStages(of: plan, in: repository) }
            next = commit.parents.first
        }
    }

    /// A build with its stages, or a stage with all that it was made of.
    private mutating func keep(_ id: CommitID, in repository: GitRepository) throws(StoreError) {
        guard let commit = try repository.commit(id) else { return }
        if let plan = try BuildCommit.plan(of: commit, in: repository) {
            try keepStages(of: plan, in: repository)
        } else {
            try keepStage(id, in: repository)
        }
    }

    private mutating func keepStages(of plan: JSON, in repository: GitRepository) throws(StoreError) {
        for stage in NamedCommit.list(plan["stages"]) + NamedCommit.list(plan["targets"]) {
            try keepStage(stage.commit, in: repository)
        }
    }

    private mutating func keepStage(_ id: CommitID, in repository: GitRepository) throws(StoreError) {
        var open = [id]
        while let next = open.popLast() {
            guard commits.insert(next).inserted, let record = try StageCommit.read(next, from: repository) else { continue }
            keys.insert(record.action.key)
            objects.formUnion(record.artifact.files.map(\.digest))
            open += record.parents
        }
    }
}
