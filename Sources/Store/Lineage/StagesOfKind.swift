import BuildModel
import CanonicalJSON

/// A stage of one kind, with the stages that its inputs came from and the mark on it.
package struct MarkedStage: Sendable {
    package var record: StageRecord
    /// In the order of the inputs.
    package var inputs: [StageRecord]
    /// `nil` where it was made here.
    package var arrival: Arrival?
}

extension Store {
    /// Every stage of some kinds that the store has as a result or has received, whether its files are here or not. All stages
    /// are looked at, so this takes a while where there are many.
    package func stages(ofKinds kinds: Set<String>) throws(StoreError) -> [MarkedStage] {
        let repository = try openRepository()
        var commits: [CommitID] = []
        for name in try repository.references(startingWith: StageCommit.references) {
            if let commit = try repository.target(of: name) { commits.append(commit) }
        }
        commits += try Arrivals.marked(in: repository)
        var found: [MarkedStage] = []
        for id in commits.uniqued() {
            guard let kind = try repository.kind(ofStage: id), kinds.contains(kind),
                let record = try StageCommit.read(id, from: repository)
            else { continue }
            found.append(
                MarkedStage(
                    record: record, inputs: try repository.inputs(of: record),
                    arrival: try Arrivals.arrival(of: id, in: repository)))
        }
        return found
    }

    /// The texts of every build that was received: recipes, locks, and recipes that they extend.
    package func receivedTexts() throws(StoreError) -> [(text: String, arrival: Arrival)] {
        let repository = try openRepository()
        var texts: [(String, Arrival)] = []
        for id in try Arrivals.marked(in: repository) {
            guard let commit = try repository.commit(id), try BuildCommit.plan(of: commit, in: repository) != nil,
                let arrival = try Arrivals.arrival(of: id, in: repository)
            else { continue }
            for entry in try repository.entries(of: commit.tree) where entry.isFile && entry.name.hasSuffix(".yaml") {
                texts.append((String(decoding: try repository.readBlob(entry.id), as: UTF8.self), arrival))
            }
        }
        return texts
    }

    /// The stage commits that an action's inputs came from, in the order of the inputs.
    package func inputs(of record: StageRecord) throws(StoreError) -> [StageRecord] {
        try repository.withLock { repository throws(StoreError) in try repository.inputs(of: record) }
    }
}

extension GitRepository {
    /// Parents are named once each; several inputs may have one artifact.
    fileprivate func inputs(of record: StageRecord) throws(StoreError) -> [StageRecord] {
        var parents: [Digest: StageRecord] = [:]
        for id in record.parents {
            if let parent = try StageCommit.read(id, from: self) { parents[parent.artifact.digest] = parent }
        }
        return record.action.inputs.compactMap { parents[$0.artifact] }
    }

    /// The kind of a stage, of a commit that may be anything.
    fileprivate func kind(ofStage id: CommitID) throws(StoreError) -> String? {
        guard let commit = try commit(id), let blob = try entry("action.json", of: commit.tree) else { return nil }
        return (try? JSON(parsing: readBlob(blob)))?["kind"]?.string
    }
}
