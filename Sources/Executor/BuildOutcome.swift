import BuildModel
import CanonicalJSON
import Store

/// How a build ended, stage by stage.
package struct BuildOutcome: Sendable {
    package let graph: Graph
    /// The requested stages and everything that they need, in graph order.
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
        (self.graph, self.wanted) = (graph, wanted)
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

/// What happens during a build, in order.
package enum BuildEvent: Sendable {
    case started(stages: Int)
    case stageStarted(name: String, kind: String)
    /// Another process is at work on the same action.
    case stageWaiting(name: String)
    case stageProgressed(name: String, StageProgress)
    case stageFinished(name: String, StageResult)
    case stageFailed(name: String, StageFailureReport)
    /// An input of this stage failed: `because` names the failed stage.
    case stageSkipped(name: String, because: String)
    /// The stage ran or waited when the build had to stop.
    case stageStopped(name: String, hasCheckpoint: Bool)
    /// An object was not what its name says, or was gone; what gave it is built again.
    case objectDiscarded(Digest)
}

/// What a stage gave.
package struct StageResult: Hashable, Sendable {
    package var key: Digest
    package var artifact: Artifact
    package var commit: CommitID
    /// Seconds of running; `nil` where the result was already there.
    package var seconds: Double?

    package var wasCached: Bool { seconds == nil }
}

/// Why a stage failed, for a person.
package struct StageFailureReport: Hashable, Sendable {
    package var reason: String
    /// The last lines of the stage's log; empty where it wrote none.
    package var logTail: [String]
    /// Where the whole log is; `nil` where the stage did not get as far as to have one.
    package var logPath: String?

    package init(reason: String, logTail: [String] = [], logPath: String? = nil) {
        (self.reason, self.logTail, self.logPath) = (reason, logTail, logPath)
    }
}

extension BuildEvent {
    /// One event as `build --json` prints it.
    package var json: JSON {
        switch self {
        case .started(let stages):
            ["event": "started", "stages": .integer(Int64(stages))]
        case .stageStarted(let name, let kind):
            ["event": "stage-started", "stage": .string(name), "kind": .string(kind)]
        case .stageWaiting(let name):
            ["event": "stage-waiting", "stage": .string(name)]
        case .stageProgressed(let name, let progress):
            ["event": "stage-progressed", "stage": .string(name), "progress": progress.json]
        case .stageFinished(let name, let result):
            [
                "event": "stage-finished", "stage": .string(name), "key": .string(result.key.hex),
                "artifact": .string(result.artifact.digest.hex), "commit": .string(result.commit.hex),
                "cached": .bool(result.wasCached), "seconds": result.seconds.map(JSON.number) ?? .null,
            ]
        case .stageFailed(let name, let failure):
            [
                "event": "stage-failed", "stage": .string(name), "reason": .string(failure.reason),
                "log": .array(failure.logTail.map(JSON.string)), "log_path": failure.logPath.map(JSON.string) ?? .null,
            ]
        case .stageSkipped(let name, let because):
            ["event": "stage-skipped", "stage": .string(name), "because": .string(because)]
        case .stageStopped(let name, let hasCheckpoint):
            ["event": "stage-stopped", "stage": .string(name), "checkpoint": .bool(hasCheckpoint)]
        case .objectDiscarded(let object):
            ["event": "object-discarded", "object": .string(object.hex)]
        }
    }
}
