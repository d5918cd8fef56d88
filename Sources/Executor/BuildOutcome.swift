import BuildModel
import CanonicalJSON
import Store

/// How a build ended, stage by stage.
public struct BuildOutcome: Sendable {
    public let graph: Graph
    /// What was asked for and all that it needs, in graph order.
    public let wanted: [StageID]
    /// By stage index; `nil` for stages that were not asked for, failed, or were skipped.
    public internal(set) var results: [StageResult?]
    public internal(set) var failures: [StageFailureReport?]
    public internal(set) var skipped: [StageID] = []
    /// What a failure or an interruption kept from starting, or from ending.
    public internal(set) var notStarted: [StageID] = []
    /// Whether the build was asked to stop.
    public internal(set) var wasInterrupted = false

    init(graph: Graph, wanted: [StageID]) {
        self.graph = graph
        self.wanted = wanted
        results = Array(repeating: nil, count: graph.stages.count)
        failures = Array(repeating: nil, count: graph.stages.count)
    }

    public subscript(id: StageID) -> StageResult? { results[id.index] }

    /// Names of the stages that ran, in graph order.
    public var ran: [String] { names { results[$0.index].map { !$0.wasCached } ?? false } }
    public var cached: [String] { names { results[$0.index]?.wasCached ?? false } }
    public var failed: [String] { names { failures[$0.index] != nil } }
    public var succeeded: Bool { failed.isEmpty && skipped.isEmpty && notStarted.isEmpty && !wasInterrupted }

    /// The graph's targets whose results are there.
    public var targets: [(name: String, result: StageResult)] {
        graph.targets.compactMap { target in results[target.stage.index].map { (target.name, $0) } }
    }

    /// The last event of `build --json`.
    public var json: JSON {
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
