import BuildModel
import CLibgit2

extension StoreCheck {
    /// Every commit that a ref reaches: stage commits against their actions, their artifacts' objects and their parents'
    /// artifacts; build commits against the stage commits of their targets.
    mutating func checkCommits(_ objects: ObjectStore, _ repository: GitRepository) throws(StoreError) {
        var open: [CommitID] = []
        for name in try repository.references(startingWith: "refs/") where name != RunNotes.reference {
            if let target = repository.commitTarget(of: name) { open.append(target) }
        }
        var seen: Set<CommitID> = []
        while let id = open.popLast() {
            guard seen.insert(id).inserted else { continue }
            guard let commit = try? repository.commit(id) else {
                problems.append(.missingCommit(id.hex))
                continue
            }
            open.append(contentsOf: commit.parents)
            if let record = try? StageCommit.read(id, from: repository) {
                commits += 1
                check(record, of: commit, objects: objects, repository: repository)
            } else if let plan = try? BuildCommit.plan(of: commit, in: repository) {
                check(commit, targets: BuildCommit.targets(of: plan), repository: repository)
            } else {
                problems.append(.wrongCommit("the commit \(id) is neither a stage commit nor a build commit"))
            }
        }
    }

    private mutating func check(
        _ record: StageRecord, of commit: GitCommit, objects: ObjectStore, repository: GitRepository
    ) {
        let name = "the stage commit \(record.commit) (\(record.action.kind))"
        if commit.message != StageCommit.message(for: record.action, artifact: record.artifact) {
            problems.append(.wrongCommit("\(name) does not say what it holds"))
        }
        // Without a ref of its own, an action's result may have been collected; its history stays.
        let isHeld = (try? repository.target(of: StageCommit.reference(for: record.action.key))) != nil
        if !isHeld { collected += 1 }
        for file in record.artifact.files where isHeld {
            guard let object = objects.object(file.digest) else {
                problems.append(.missingObject(file.digest, commit: "\(name) needs \(file.path)"))
                continue
            }
            if object.size != file.size {
                problems.append(
                    .wrongCommit(
                        "\(name) needs \(file.path) of \(file.size) bytes; its object \(file.digest) has \(object.size)"))
            }
        }
        let parents = record.parents.compactMap { try? StageCommit.read($0, from: repository)?.artifact.digest }
        if Self.unique(parents) != Self.unique(record.action.inputs.map(\.artifact)) {
            problems.append(.wrongCommit("\(name) has other parents than its action has inputs"))
        }
    }

    private mutating func check(_ commit: GitCommit, targets: [BuildEntry.Target], repository: GitRepository) {
        for target in targets {
            let stage = CommitID(hex: target.commit.hex)
            let tree = (try? repository.entry("targets/\(target.name)", of: commit.tree)) ?? nil
            let held = try? repository.commit(stage).flatMap { try? repository.entry("artifact", of: $0.tree) } ?? nil
            if tree.map(GitRepository.hex) == nil || tree.map(GitRepository.hex) != held.map(GitRepository.hex) {
                problems.append(
                    .wrongCommit("the build commit \(commit.id) has another '\(target.name)' than the stage commit \(stage)"))
            }
        }
    }

    private static func unique(_ digests: [Digest]) -> [Digest] {
        var seen: Set<Digest> = []
        return digests.filter { seen.insert($0).inserted }
    }
}
