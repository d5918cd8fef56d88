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

extension StageRecord {
    /// Why the artifact cannot be what the action gave, or cannot be received by anyone.
    package var fault: String? { Self.fault(of: action, artifact) }

    static func fault(of action: Action, _ artifact: Artifact) -> String? {
        if let fault = action.pinFault(of: artifact) { return "\(action.kind) \(fault)" }
        return FileNames.fault(in: artifact.files.lazy.map(\.path))
    }
}

extension GitRepository {
    /// Makes the ref of an action, unless there is one. A ref to a source's result that is not what the source pins gives way.
    ///
    /// - Returns: whether the ref names this commit now.
    func nameAction(_ key: Digest, _ commit: CommitID) throws(StoreError) -> Bool {
        let name = StageCommit.reference(for: key)
        if try createReference(name, to: commit) { return true }
        guard let old = try target(of: name), let record = try? StageCommit.read(old, from: self),
            record.action.pinFault(of: record.artifact) != nil
        else { return false }
        return try moveReference(name, from: old, to: commit)
    }
}

/// The git commit that pins one artifact: a pure function of the action, its parents and its artifact.
package enum StageCommit {
    package static let references = "refs/decant/actions/"

    package static func reference(for key: Digest) -> String { "\(references)\(key.hex.prefix(2))/\(key.hex)" }

    /// The action that a ref is named for; `nil` for another ref.
    package static func key(ofReference name: String) -> Digest? {
        Digest(hex: String(name.suffix(64))).flatMap { reference(for: $0) == name ? $0 : nil }
    }

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
            tree: root, parents: parents.uniqued(), message: message(for: action, artifact: artifact), signature: .lineage)
    }

    /// Reads a stage commit; `nil` where the commit is absent or of another kind.
    package static func read(_ id: CommitID, from repository: GitRepository) throws(StoreError) -> StageRecord? {
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
}

extension Store {
    /// Reads what the index knows into memory, for a build of so many stages, and looks which of it is still there. It may run
    /// beside other work, and holds until `endPreparation`. Nothing depends on it but time: a cancelled task leaves it.
    package func prepare(for stages: Int) throws(StoreError) {
        guard snapshot.withLock({ $0 == nil }), var read = try index.snapshot(for: stages) else { return }
        read.results = read.results.filter { !Task.isCancelled && objects.holds($0.value) }
        if Task.isCancelled { return }
        snapshot.withLock { $0 = read }
    }

    /// Forgets what `prepare` read: another build looks anew.
    package func endPreparation() { snapshot.withLock { $0 = nil } }

    /// An action's result and the stage commit that it has with these parents, if all was there when the store was prepared.
    package func preparedResult(of key: Digest, parents: [CommitID]) -> (artifact: Artifact, commit: CommitID)? {
        let found = snapshot.withLock { snapshot -> (Artifact, IndexSnapshot.Commit)? in
            guard let artifact = snapshot?.results[key],
                let commit = snapshot?.commits[Self.identity(of: key, artifact, parents)]
            else { return nil }
            return (artifact, commit)
        }
        guard let (artifact, commit) = found, commit.isPinned || exists(commit.id) else { return nil }
        return (artifact, commit.id)
    }

    private func exists(_ commit: CommitID) -> Bool {
        repository.withLock { repository in GitRepository.id(commit.hex).map(repository.exists) ?? false }
    }

    /// What a stage commit is a pure function of.
    private static func identity(of key: Digest, _ artifact: Artifact, _ parents: [CommitID]) -> Digest {
        var bytes = Array(key.hex.utf8) + Array(artifact.digest.hex.utf8)
        for parent in parents { bytes += parent.hex.utf8 }
        return Digest(hashing: bytes)
    }

    /// What an action gave; `nil` where it never ran here or an object of its artifact is gone.
    package func result(of key: Digest) throws(StoreError) -> Artifact? {
        if let known = snapshot.withLock({ $0?.results[key] }), objects.holds(known) { return known }
        if let known = try index.result(of: key), objects.holds(known) { return known }
        let recorded = try repository.withLock { repository throws(StoreError) in
            guard let commit = try repository.target(of: StageCommit.reference(for: key)),
                let record = try StageCommit.read(commit, from: repository)
            else { return nil as StageRecord? }
            if !objects.holds(record.artifact) { try repository.restoreTexts(of: record, to: objects) }
            return record
        }
        guard let recorded, recorded.action.key == key, recorded.fault == nil, objects.holds(recorded.artifact) else {
            return nil
        }
        try index.remember(result: recorded.artifact, of: key)
        return recorded.artifact
    }

    /// What an action gave, if it can be that: a source's result must have the bytes that the source pins, whoever recorded it.
    package func result(of action: Action) throws(StoreError) -> Artifact? {
        guard let artifact = try result(of: action.key), action.pinFault(of: artifact) == nil else { return nil }
        return artifact
    }

    /// Records an artifact as the action's result: writes its stage commit, and makes the action's ref unless there is one.
    ///
    /// - Throws: `notAnArtifact` where a file's name cannot leave this machine, or where a source has other bytes than it pins.
    package func record(_ action: Action, parents: [CommitID], artifact: Artifact) throws(StoreError) -> CommitID {
        if let fault = StageRecord.fault(of: action, artifact) { throw .notAnArtifact(fault) }
        let key = action.key
        let identity = Self.identity(of: key, artifact, parents)
        if let known = try index.commit(identity), exists(known) { return known }
        let commit = try writing { repository throws(StoreError) in
            let commit = try StageCommit.write(
                action, parents: parents, artifact: artifact, objects: objects, repository: repository)
            let isPinned = try repository.nameAction(key, commit)
            if !isPinned { try pending.add(commit, in: repository) }
            return IndexSnapshot.Commit(id: commit, isPinned: isPinned)
        }
        try index.remember(commit: commit, identity)
        try index.remember(result: artifact, of: key)
        return commit.id
    }

    /// - Parameter work: floating-point operations that the run took, roughly, where they are known.
    package func noteRun(_ note: RunNote, of action: Action, commit: CommitID, work: Double? = nil) throws(StoreError) {
        try index.remember(seconds: note.seconds, kind: action.historicKind, key: action.key, work: work)
        do {
            try writing { repository throws(StoreError) in try RunNotes.add(note, to: commit, in: repository) }
        } catch .git {
            // Damaged notes: the result is recorded, and `fsck` names them.
        }
    }

    /// How long actions ran here.
    package func durations() throws(StoreError) -> DurationHistory { try index.durations() }
}

extension Sequence where Element: Hashable {
    /// In order, each once. Git allows no parent twice, so an artifact that feeds two inputs is one parent.
    package func uniqued() -> [Element] {
        var seen: Set<Element> = []
        return filter { seen.insert($0).inserted }
    }
}
