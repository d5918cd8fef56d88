import BuildModel
import CanonicalJSON
import Store

/// What a build would do, stage by stage, without doing it.
public struct BuildPlan: Sendable {
    public enum State: String, Sendable {
        case cached
        case stale
        /// An input is not built yet, so the key is not known.
        case unknown
    }

    /// One stage of the plan.
    public struct Entry: Sendable {
        public var id: StageID
        public var state: State
        public var key: Digest?
        /// The artifact, where it is cached.
        public var artifact: Artifact?
        /// Why it is stale, or will run if its inputs change; empty where it is cached.
        public var why: [Reason]
        /// Predicted from earlier runs of the same key, else of the same kind; `nil` where none ever ran or none is needed.
        public var seconds: Double?
    }

    public let graph: Graph
    public let entries: [Entry]

    /// Looks every stage of the graph up in the store. Nothing is run or written.
    public init(of graph: Graph, in store: Store, previous: JSON?) throws(StoreError) {
        let previous = PreviousPlan(previous)
        var entries: [Entry] = []
        for id in graph.ids {
            let stage = graph[id]
            let artifacts = stage.inputs.compactMap { entries[$0.stage.index].artifact?.digest }
            guard artifacts.count == stage.inputs.count else {
                let pending = stage.inputs.filter { entries[$0.stage.index].artifact == nil }.map { graph[$0.stage].name }
                var why = previous.reasons(for: stage, artifacts: nil)
                if why.isEmpty { why = [.inputNotBuilt(stages: pending)] }
                let seconds = try store.duration(kind: stage.kind, key: nil)
                entries.append(Entry(id: id, state: .unknown, key: nil, artifact: nil, why: why, seconds: seconds))
                continue
            }
            let action = Action(stage: stage, artifacts: artifacts)
            let key = action.key
            if let artifact = try store.result(of: key) {
                entries.append(Entry(id: id, state: .cached, key: key, artifact: artifact, why: [], seconds: nil))
            } else {
                let why = previous.reasons(for: stage, artifacts: artifacts)
                let seconds = try store.duration(kind: stage.kind, key: key)
                entries.append(Entry(id: id, state: .stale, key: key, artifact: nil, why: why, seconds: seconds))
            }
        }
        self.graph = graph
        self.entries = entries
    }

    /// One object: the machine interface of `plan --json`.
    public func json(recipe: String) -> JSON {
        [
            "recipe": .string(recipe),
            "stages": .array(
                entries.map { entry in
                    [
                        "name": .string(graph[entry.id].name),
                        "kind": .string(graph[entry.id].kind),
                        "key": entry.key.map { .string($0.hex) } ?? .null,
                        "state": .string(entry.state.rawValue),
                        "why": .array(entry.why.map(\.json)),
                        "seconds": entry.seconds.map(JSON.number) ?? .null,
                    ]
                }),
        ]
    }
}
