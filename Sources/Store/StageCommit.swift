import BuildModel
import CLibgit2
import CanonicalJSON

/// A stage commit, read: an action, the artifact that it gave, and the stage commits of its inputs.
package struct StageRecord: Hashable, Sendable {
    package var commit: CommitID
    package var action: Action
    package var artifact: Artifact
    package var parents: [CommitID]
}

/// The git commit that pins one artifact: a pure function of the action, its parents and its artifact.
enum StageCommit {
    static let references = "refs/decant/actions/"

    static func reference(for key: Digest) -> String { "\(references)\(key.hex.prefix(2))/\(key.hex)" }

    /// Writes the commit. Nothing but the object database changes.
    static func write(
        _ action: Action, parents: [CommitID], artifact: Artifact, objects: ObjectStore, repository: GitRepository
    ) throws(StoreError) -> CommitID {
        let (tree, pointers) = try ArtifactTree.write(artifact, from: objects, to: repository)
        let attributes = ArtifactTree.attributes(pointers: pointers.map { "artifact/" + $0 })
        let root = try repository.write(
            .directory([
                "action.json": .blob(try repository.writeBlob(action.canonicalBytes)),
                "artifact": .existing(tree),
                ".gitattributes": .blob(try repository.writeBlob(Array(attributes.utf8))),
            ]))
        return try repository.writeCommit(
            tree: root, parents: unique(parents), message: message(for: action, artifact: artifact), signature: .lineage)
    }

    /// Reads a stage commit; `nil` where the commit is absent or of another kind.
    static func read(_ id: CommitID, from repository: GitRepository) throws(StoreError) -> StageRecord? {
        guard let commit = try repository.commit(id), let blob = try repository.entry("action.json", of: commit.tree),
            let encoding = try? JSON(parsing: repository.readBlob(blob)), let action = try? Action(encoding: encoding),
            let tree = try repository.entry("artifact", of: commit.tree)
        else { return nil }
        let artifact = try ArtifactTree.read(tree, from: repository)
        return StageRecord(commit: id, action: action, artifact: artifact, parents: commit.parents)
    }

    static func message(for action: Action, artifact: Artifact) -> String {
        "\(action.kind)\n\nkey \(action.key)\nartifact \(artifact.digest)\n"
    }

    /// In order, each once: git allows no parent twice, so an artifact that feeds two inputs is one parent.
    static func unique(_ parents: [CommitID]) -> [CommitID] {
        var seen: Set<CommitID> = []
        return parents.filter { seen.insert($0).inserted }
    }
}
