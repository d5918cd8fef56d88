import BuildModel
import CLibgit2
import CanonicalJSON
import Foundation

/// What a finished build leaves on its recipe's branch.
package struct BuildRecord: Sendable {
    package struct Target: Hashable, Sendable {
        package var name: String
        package var commit: CommitID
        package var artifact: Artifact

        package init(name: String, commit: CommitID, artifact: Artifact) {
            self.name = name
            self.commit = commit
            self.artifact = artifact
        }
    }

    /// A stage with the commit that says all about it.
    package struct Stage: Hashable, Sendable {
        package var name: String
        package var commit: CommitID

        package init(name: String, commit: CommitID) {
            self.name = name
            self.commit = commit
        }
    }

    /// The recipe's name, which is its branch's.
    package var recipe: String
    /// As written.
    package var recipeText: String
    /// Texts beside it, by file name: the lock, recipes that it extends.
    package var companions: [String: String]
    /// In graph order.
    package var stages: [Stage]
    package var targets: [Target]
    /// The commit's subject.
    package var summary: String

    package init(
        recipe: String, recipeText: String, companions: [String: String] = [:], stages: [Stage], targets: [Target],
        summary: String
    ) {
        self.recipe = recipe
        self.recipeText = recipeText
        self.companions = companions
        self.stages = stages
        self.targets = targets
        self.summary = summary
    }
}

extension BuildRecord {
    /// What `plan.json` holds.
    var plan: JSON {
        [
            "stages": .array(stages.map { ["name": .string($0.name), "commit": .string($0.commit.hex)] }),
            "targets": .array(
                targets.map {
                    [
                        "name": .string($0.name), "commit": .string($0.commit.hex), "artifact": .string($0.artifact.digest.hex),
                    ]
                }),
        ]
    }

    /// Of all that the build commit's tree is made of; the subject is none of it.
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

/// A build in a recipe's history.
package struct BuildEntry: Sendable {
    package struct Target: Hashable, Sendable {
        package var name: String
        package var commit: CommitID
    }

    package var commit: CommitID
    package var time: Date
    package var author: String
    package var summary: String
    package var targets: [Target]
}

/// The commit on a recipe's branch: who built what and when.
enum BuildCommit {
    static let branches = "refs/heads/"

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
            if let head, let last = try repository.commit(head), git_oid_equal(last.tree, tree),
                signer == nil || repository.isSigned(head)
            {
                try repository.adoptHead(branch)
                return head
            }
            let parents = StageCommit.unique((head.map { [$0] } ?? []) + build.targets.map(\.commit))
            let commit = try repository.writeCommit(
                tree: tree, parents: parents, message: "\(build.recipe): \(build.summary)\n",
                signature: repository.localSignature(), signer: signer)
            if try repository.moveReference(branch, from: head, to: commit) {
                try repository.adoptHead(branch)
                return commit
            }
        }
    }

    /// The builds of a recipe, newest first.
    static func history(of recipe: String, in repository: GitRepository) throws(StoreError) -> [BuildEntry] {
        var entries: [BuildEntry] = []
        var next = try repository.target(of: branches + recipe)
        while let id = next, let commit = try repository.commit(id), let plan = try plan(of: commit, in: repository) {
            entries.append(
                BuildEntry(
                    commit: id, time: commit.author.time, author: "\(commit.author.name) <\(commit.author.email)>",
                    summary: commit.message.split(separator: "\n").first.map(String.init) ?? "", targets: targets(of: plan)))
            // The first build's first parent is a target's stage commit, which has no plan: the walk ends there.
            next = commit.parents.first
        }
        return entries
    }

    /// The targets that a `plan.json` names.
    static func targets(of plan: JSON) -> [BuildEntry.Target] {
        (plan["targets"]?.array ?? []).compactMap { target in
            guard let name = target["name"]?.string, let commit = target["commit"]?.string else { return nil }
            return BuildEntry.Target(name: name, commit: CommitID(hex: commit))
        }
    }

    /// The `plan.json` of a build commit; `nil` for any other commit.
    static func plan(of commit: GitCommit, in repository: GitRepository) throws(StoreError) -> JSON? {
        guard let blob = try repository.entry("plan.json", of: commit.tree) else { return nil }
        return try? JSON(parsing: repository.readBlob(blob))
    }

    private static func tree(
        of build: BuildRecord, objects: ObjectStore, repository: GitRepository
    ) throws(StoreError) -> git_oid {
        var targets: [String: GitTree] = [:]
        var pointers: [String] = []
        for target in build.targets {
            let (tree, paths) = try ArtifactTree.write(target.artifact, from: objects, to: repository)
            targets[target.name] = .existing(tree)
            pointers += paths.map { "targets/\(target.name)/\($0)" }
        }
        let attributes = ArtifactTree.attributes(pointers: pointers)
        var entries: [String: GitTree] = [
            "recipe.yaml": .blob(try repository.writeBlob(Array(build.recipeText.utf8))),
            "plan.json": .blob(try repository.writeBlob(Array(build.plan.prettyText.utf8))),
            "targets": .directory(targets),
            ".gitattributes": .blob(try repository.writeBlob(Array(attributes.utf8))),
        ]
        for (name, text) in build.companions.sorted(by: { $0.key < $1.key }) {
            entries[name] = .blob(try repository.writeBlob(Array(text.utf8)))
        }
        return try repository.write(.directory(entries))
    }

    private static func git_oid_equal(_ left: git_oid, _ right: git_oid) -> Bool {
        GitRepository.hex(left) == GitRepository.hex(right)
    }
}
