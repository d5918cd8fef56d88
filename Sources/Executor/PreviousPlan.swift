import BuildModel
import CanonicalJSON
import Store

/// The `plan.json` of a recipe's last build: what to compare a graph with.
struct PreviousPlan {
    private let commits: [String: String]
    private let store: Store

    init(_ plan: JSON?, in store: Store) {
        var commits: [String: String] = [:]
        for stage in plan?["stages"]?.array ?? [] {
            if let name = stage["name"]?.string { commits[name] = stage["commit"]?.string }
        }
        self.commits = commits
        self.store = store
    }

    /// What differs between a stage and the stage of the same name in the last build.
    ///
    /// - Parameter artifacts: the inputs' artifacts in input order; `nil` for those not built yet, which count as unchanged.
    func reasons(for id: StageID, in graph: Graph, artifacts: [Digest?]) throws(StoreError) -> [Reason] {
        let stage = graph[id]
        guard let commit = commits[stage.name], let old = try store.stageCommit(commit)?.action else { return [.newStage] }
        let current = zip(stage.inputs, artifacts).map { input, artifact in
            artifact ?? old.inputs.first { $0.name == input.name }?.artifact ?? Digest(hashing: "")
        }
        return Explanation(stage: stage, graph: graph).reasons(
            from: old.encoding, to: Action(stage: stage, artifacts: current).encoding)
    }
}

extension BuildOutcome {
    /// Every stage with its commit, for the build commit's `plan.json`.
    package var record: [BuildRecord.Stage] {
        wanted.compactMap { id in results[id.index].map { .init(name: graph[id].name, commit: $0.commit) } }
    }
}
