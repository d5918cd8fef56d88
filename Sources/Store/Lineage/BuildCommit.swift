import BuildModel
import CLibgit2
import CanonicalJSON
import Foundation

/// What a finished build leaves on its recipe's branch.
package struct BuildRecord: Sendable {
    package typealias Target = (name: String, commit: CommitID, artifact: Artifact)

    /// The recipe's name, which is its branch's.
    package var recipe: String
    /// As written.
    package var recipeText: String
    /// Texts beside it, by file name: the lock, recipes that it extends.
    package var companions: [String: String]
    /// In graph order.
    package var stages: [NamedCommit]
    package var targets: [Target]
    /// The commit's subject.
    package var summary: String

    package init(
        recipe: String, recipeText: String, companions: [String: String] = [:], stages: [NamedCommit], targets: [Target],
        summary: String
    ) {
        (self.recipe, self.recipeText, self.companions) = (recipe, recipeText, companions)
        (self.stages, self.targets, self.summary) = (stages, targets, summary)
    }
}

extension BuildRecord {
    /// What `plan.json` holds.
    var plan: JSON {
        [
            "stages": .array(stages.map(\.json)),
            "targets": .array(
                targets.map {
                    [
                        "name": .string($0.name), "commit": .string($0.commit.hex), "artifact": .string($0.artifact.digest.hex),
                    ]
                }),
        ]
    }

    /// The digest of everything in the build commit's tree, but not of the subject.
    var digest: Digest {
        var bytes = Array(recipeText.utf8)
        func add(_ text: String) {
            bytes.append(0)
            bytes += text.utf8
        }
        for (name, text) in companions.sorted(by: { $0.key < $1.key }) {
            add(name)
            add(text)
        }
        for stage in stages {
            add(stage.name)
            add(stage.commit.hex)
        }
        for target in targets {
            add(target.name)
            add(target.commit.hex)
        }
        return Digest(hashing: bytes)
    }
}

/// A stage or a target of a build, with the stage commit that says all about it.
package struct NamedCommit: Hashable, Sendable {
    package var name: String
    package var commit: CommitID

    package init(name: String, commit: CommitID) { (self.name, self.commit) = (name, commit) }

    /// Reads the `stages` or the `targets` of a `plan.json`; what has no name or no commit is left out.
    package static func list(_ json: JSON?) -> [NamedCommit] {
        (json?.array ?? []).compactMap { entry in
            guard let name = entry["name"]?.string, let commit = entry["commit"]?.string else { return nil }
            return NamedCommit(name: name, commit: CommitID(hex: commit))
        }
    }

    var json: JSON { ["name": .string(name), "commit": .string(commit.hex)] }
}

/// The commit on a recipe's branch: who built what and when.
package enum BuildCommit {
    package static let branches = "refs/heads/"

    /// Writes the build on top of the branch; a build equal to the last one adds nothing, unless it lacks the signature.
    static func write(
        _ build: BuildRecord, signer: (any CommitSigner)?, objects: ObjectStore, repository: GitRepository
    ) throws(StoreError) -> CommitID {
        let branch = branches + build.recipe
        guard GitRepository.isValid(reference: branch) else {
            throw .git(operation: "record the build", reason: "'\(build.recipe)' cannot be a branch's name")
        }
        let tree = try tree(of: build, objects: objects, repository: repository)
        while true {
            let head = try repository.target(of: branch)
            if let head, let last = try repository.commit(head), ObjectName(last.tree) == ObjectName(tree),
                signer == nil || repository.bearsSignature(head)
            {
                try repository.adoptHead(branch)
                return head
            }
            let parents = ((head.map { [$0] } ?? []) + build.targets.map(\.commit)).uniqued()
            let commit = try repository.writeCommit(
                tree: tree, parents: parents, message: "\(build.recipe): \(build.summary)\n",
                signature: repository.localSignature(as: .author), committer: repository.localSignature(), signer: signer)
            if try repository.moveReference(branch, from: head, to: commit) {
                try repository.adoptHead(branch)
                return commit
            }
        }
    }

    /// The `plan.json` of a build commit; `nil` for any other commit.
    package static func plan(of commit: GitCommit, in repository: GitRepository) throws(StoreError) -> JSON? {
        guard let blob = try repository.entry("plan.json", of: commit.tree) else { return nil }
        return try? JSON(parsing: repository.readBlob(blob))
    }

    /// Where two people built the same recipe: the newer build once more on top of both, ours as the first parent, so that the
    /// next push is a step forwards. No ref is moved.
    package static func merge(
        _ ours: CommitID, _ theirs: CommitID, recipe: String, in repository: GitRepository,
        signer: (any CommitSigner)? = nil
    ) throws(StoreError) -> CommitID {
        guard let own = try repository.commit(ours), let other = try repository.commit(theirs) else {
            throw .git(operation: "merge two builds of \(recipe)", reason: "one of them is not there")
        }
        let newer = other.author.time > own.author.time ? other : own
        let targets = try NamedCommit.list(plan(of: newer, in: repository)?["targets"]).map(\.commit)
        return try repository.writeCommit(
            tree: newer.tree, parents: ([ours, theirs] + targets).uniqued(),
            message: "\(recipe): merged; the build of \(newer.author.name) is the newer\n",
            signature: repository.localSignature(as: .author), committer: repository.localSignature(), signer: signer)
    }

    private static func tree(
        of build: BuildRecord, objects: ObjectStore, repository: GitRepository
    ) throws(StoreError) -> git_oid {
        var targets: [FileName: GitTree] = [:]
        var pointers: [String] = []
        for target in build.targets {
            let (tree, paths) = try ArtifactTree.write(target.artifact, from: objects, to: repository)
            targets[FileName(target.name)] = .existing(tree)
            pointers += paths.map { "targets/\(target.name)/\($0)" }
        }
        let attributes = ArtifactTree.attributes(pointers: pointers)
        var entries: [FileName: GitTree] = [
            "recipe.yaml": .blob(try repository.writeBlob(Array(build.recipeText.utf8))),
            "plan.json": .blob(try repository.writeBlob(Array(build.plan.prettyText.utf8))),
            "targets": .directory(targets),
            ".gitattributes": .blob(try repository.writeBlob(Array(attributes.utf8))),
        ]
        for (name, text) in build.companions.sorted(by: { $0.key < $1.key }) {
            entries[FileName(name)] = .blob(try repository.writeBlob(Array(text.utf8)))
        }
        return try repository.write(.directory(entries))
    }
}
