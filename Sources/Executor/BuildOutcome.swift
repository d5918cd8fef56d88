import BuildModel
import CanonicalJSON
import Store

/// How a build ended, stage by stage.
package struct BuildOutcome: Sendable {
    package let graph: Graph
    /// What was asked for and all that it needs, in graph order.
    package let wanted: [StageID]
    /// By stage index; `nil` for stages that were not asked for, failed, or were skipped.
    package internal(set) var results: [StageResult?]
    package internal(set) var failures: [StageFailureReport?]
    package internal(set) var skipped: [StageID] = []
    /// What a failure or an interruption kept from starting, or from ending.
    package internal(set) var notStarted: [StageID] = []
    /// Whether the build was asked to stop.
    package internal(set) var wasInterrupted = false

    init(graph: Graph, wanted: [StageID]) {
        self.graph = graph
        self.wanted = wanted
        results = Array(repeating: nil, count: graph.stages.count)
        failures = Array(repeating: nil, count: graph.stages.count)
    }

    package subscript(id: StageID) -> StageResult? { results[id.index] }

    /// Names of the stages that ran, in graph order.
    package var ran: [String] { names { results[$0.index].map { !$0.wasCached } ?? false } }
    package var cached: [String] { names { results[$0.index]?.wasCached ?? false } }
    package var failed: [String] { names { failures[$0.index] != nil } }
    package var succeeded: Bool { failed.isEmpty && skipped.isEmpty && notStarted.isEmpty && !wasInterrupted }

    /// The graph's targets whose results are there.
    package var targets: [(name: String, result: StageResult)] {
        graph.targets.compactMap { target in results[target.stage.index].map { (target.name, $0) } }
    }

    /// The last event of `build --json`.
    package var json: JSON {
        [
            "event": "done",
            "ran": .array(ran.map(JSON.string)),
            "cached": .array(cached.map(JSON.string)),
            "failed": .array(failed.map(JSON.string)),
            "skipped": .array(skipped.map { .string(graph[$0].name) }),
            "not_started": .array(notStarted.map { .string(graph[$0].name) }),
            "interrupted": .bool(wasInterrupted),
            "targets": .array(
                targets.map {
                    [
                        "name": .string($0.name), "commit": .string($0.result.commit.hex),
                        "artifact": .string($0.result.artifact.digest.hex),
                    ]
                }),
        ]
    }

    private func names(where isIncluded: (StageID) -> Bool) -> [String] {
        wanted.filter(isIncluded).map { graph[$0].name }
    }
}
