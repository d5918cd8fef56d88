import BuildModel

/// Everything that an artifact was made from: its stage commit and those of all its inputs, each once.
package struct Lineage: Sendable {
    package struct Input: Hashable, Sendable {
        package var name: String
        /// The stage commit that the input came from.
        package var commit: CommitID
    }

    package struct Stage: Sendable {
        package var record: StageRecord
        /// In the order in which the kind declares them.
        package var inputs: [Input]
        package var commit: CommitID { record.commit }
    }

    /// Every stage after its inputs; the artifact's own last.
    package let stages: [Stage]
    private let positions: [CommitID: Int]

    init(stages: [Stage]) {
        self.stages = stages
        positions = Dictionary(stages.enumerated().map { ($1.commit, $0) }, uniquingKeysWith: { first, _ in first })
    }

    package subscript(commit: CommitID) -> Stage? { positions[commit].map { stages[$0] } }
}

extension Store {
    /// A stage commit by its id, or by at least seven of its digits.
    package func stageCommit(_ reference: String) throws(StoreError) -> StageRecord? {
        try repository.withLock { repository throws(StoreError) in
            guard let id = repository.commitID(startingWith: reference) else { return nil }
            return try StageCommit.read(id, from: repository)
        }
    }

    /// The lineage of a stage commit.
    ///
    /// - Throws: `StoreError.git` where a commit that it needs is not in the repository.
    package func lineage(of root: StageRecord) throws(StoreError) -> Lineage { try lineage(of: [root]) }

    /// The lineages of several stage commits in one.
    package func lineage(of roots: [StageRecord]) throws(StoreError) -> Lineage {
        try repository.withLock { repository throws(StoreError) in
            var records = Dictionary(roots.map { ($0.commit, $0) }, uniquingKeysWith: { first, _ in first })
            var stages: [Lineage.Stage] = []
            var done: Set<CommitID> = []
            var open = Array(roots.map(\.commit).reversed())
            while let commit = open.last {
                if records[commit] == nil { records[commit] = try StageCommit.read(commit, from: repository) }
                guard let record = records[commit] else {
                    throw .git(operation: "follow the lineage", reason: "the stage commit \(commit) is missing")
                }
                // A commit's parents are done when it is met the second time.
                let waiting = record.parents.filter { !done.contains($0) }
                if waiting.isEmpty {
                    open.removeLast()
                    if done.insert(commit).inserted { stages.append(Lineage.Stage(record, parents: records)) }
                } else {
                    open += waiting.reversed()
                }
            }
            return Lineage(stages: stages)
        }
    }

    /// A stage commit with the stages that its inputs came from, and nothing above those.
    package func lineageStage(of record: StageRecord) throws(StoreError) -> Lineage.Stage {
        try repository.withLock { repository throws(StoreError) in
            var records: [CommitID: StageRecord] = [:]
            for parent in record.parents { records[parent] = try StageCommit.read(parent, from: repository) }
            return Lineage.Stage(record, parents: records)
        }
    }

    /// The artifacts of all results that have a file of this name and whose objects are here, each once.
    package func artifacts(with file: String) throws(StoreError) -> [Artifact] {
        try repository.withLock { repository throws(StoreError) in
            var found: [Artifact] = []
            var seen: Set<Digest> = []
            for name in try repository.references(startingWith: StageCommit.references) {
                guard let target = try repository.target(of: name), let record = try StageCommit.read(target, from: repository),
                    let entry = record.artifact[file], seen.insert(record.artifact.digest).inserted,
                    objects.object(entry.digest) != nil
                else { continue }
                found.append(record.artifact)
            }
            return found
        }
    }
}

extension Lineage.Stage {
    /// - Parameter parents: the stages of the inputs among them. A commit has each parent once, in the order of the inputs.
    fileprivate init(_ record: StageRecord, parents records: [CommitID: StageRecord]) {
        var unused = record.parents.compactMap { records[$0] }
        var used: [Digest: CommitID] = [:]
        inputs = []
        for input in record.action.inputs {
            if let next = unused.firstIndex(where: { $0.artifact.digest == input.artifact }) {
                used[input.artifact] = unused.remove(at: next).commit
            }
            if let commit = used[input.artifact] { inputs.append(.init(name: input.name, commit: commit)) }
        }
        self.record = record
    }
}
