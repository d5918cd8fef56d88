import BuildModel
import CanonicalJSON
import Store

/// What a build would do, stage by stage, without doing it.
package struct BuildPlan: Sendable {
    package enum State: String, Sendable {
        case cached
        case stale
        /// An input is not built yet, so the key is not known.
        case unknown
    }

    /// One stage of the plan.
    package struct Entry: Sendable {
        package var id: StageID
        package var state: State
        package var key: Digest?
        /// The artifact, where it is cached.
        package var artifact: Artifact?
        /// Why it is stale, or will run if its inputs change; empty where it is cached.
        package var why: [Reason]
        /// How long it will run; `nil` where it is cached, or where that is unknown.
        package var prediction: Prediction?
    }

    package let graph: Graph
    package let entries: [Entry]

    /// Looks every stage of the graph up in the store. Nothing is run or written.
    ///
    /// - Parameters:
    ///   - previous: the `plan.json` of the recipe's last build.
    ///   - speed: floating-point operations a second; asked for only where no run tells how long a stage takes.
    package init(
        of graph: Graph, in store: Store, previous: JSON?, speed: @escaping () -> Double = { 1e11 }
    ) throws(StoreError) {
        try store.prepare(for: graph.stages.count)
        defer { store.endPreparation() }
        let previous = PreviousPlan(previous, in: store)
        let predictor = Predictor(try store.durations(), speed: speed)
        var entries: [Entry] = []
        entries.reserveCapacity(graph.stages.count)
        for id in graph.ids {
            let stage = graph[id]
            let artifacts = stage.inputs.map { entries[$0.stage.index].artifact?.digest }
            let known = artifacts.compactMap { $0 }
            let action = known.count == artifacts.count ? Action(stage: stage, artifacts: known) : nil
            let key = action?.key
            if let action, let artifact = try store.result(of: action) {
                entries.append(Entry(id: id, state: .cached, key: key, artifact: artifact, why: []))
                continue
            }
            var why = try previous.reasons(for: id, in: graph, artifacts: artifacts)
            if why.isEmpty {
                let pending = zip(stage.inputs, artifacts).filter { $1 == nil }.map { graph[$0.0.stage].name }
                why = [pending.isEmpty ? .resultMissing : .inputNotBuilt(stages: pending)]
            }
            entries.append(
                Entry(
                    id: id, state: key == nil ? .unknown : .stale, key: key, artifact: nil, why: why,
                    prediction: predictor.prediction(for: stage, key: key)))
        }
        (self.graph, self.entries) = (graph, entries)
    }

    /// One object: the machine interface of `plan --json`.
    ///
    /// - Parameter extras: members that a stage has besides.
    package func json(recipe: String, extras: (StageID) -> [String: JSON] = { _ in [:] }) -> JSON {
        [
            "recipe": .string(recipe),
            "stages": .array(
                entries.map { entry in
                    let members: [String: JSON] = [
                        "name": .string(graph[entry.id].name),
                        "kind": .string(graph[entry.id].kind),
                        "key": entry.key.map { .string($0.hex) } ?? .null,
                        "state": .string(entry.state.rawValue),
                        "why": .array(entry.why.map(\.json)),
                        "seconds": entry.prediction.map { .number($0.seconds) } ?? .null,
                        "seconds_from": entry.prediction.map { .string($0.basis.rawValue) } ?? .null,
                    ]
                    return .object(members.merging(extras(entry.id)) { first, _ in first })
                }),
        ]
    }
}

/// The `plan.json` of a recipe's last build: what to compare a graph with.
struct PreviousPlan {
    private let commits: [String: String]
    private let store: Store

    init(_ plan: JSON?, in store: Store) {
        let stages = NamedCommit.list(plan?["stages"]).map { ($0.name, $0.commit.hex) }
        commits = Dictionary(stages, uniquingKeysWith: { $1 })
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
    package var record: [NamedCommit] {
        wanted.compactMap { id in results[id.index].map { .init(name: graph[id].name, commit: $0.commit) } }
    }
}

/// How long a stage will probably run, and how one knows.
package struct Prediction: Hashable, Sendable {
    package enum Basis: String, Hashable, Sendable {
        /// The very same action ran before.
        case sameAction = "same-action"
        /// Stages of the same kind ran before, per unit of their work.
        case sameKind = "same-kind"
        /// None ever ran: the stage's work at this machine's measured speed.
        case formula
    }

    package var seconds: Double
    package var basis: Basis
}

/// Predicts from what ran before, else from the stage's work and this machine's speed.
struct Predictor {
    private let history: DurationHistory
    /// Floating-point operations a second of a matrix product; measured when first needed.
    private let speed: Lazy

    /// What starting a child and laying out its inputs takes.
    private static let overhead = 0.05
    /// The share of a matrix product's speed that kinds reach. Answers are made a token at a time, behind prompts that are read
    /// at once.
    private static let efficiency = [
        "sample": 0.3, "eval.generate": 0.3, "kd.on-policy": 0.3, "rl.train": 0.3, "data.paraphrase": 0.3,
    ]
    private static let standardEfficiency = 0.6
    /// What these take says of disks, and nothing of products.
    private static let copying: Set = ["model.import", "adapter.merge"]
    /// Runs that are shorter say more about the overhead than about the machine.
    private static let shortest = 2.0

    private final class Lazy {
        private let measure: () -> Double
        lazy var value = measure()
        init(_ measure: @escaping () -> Double) { self.measure = measure }
    }

    init(_ history: DurationHistory, speed: @escaping () -> Double) {
        self.history = history
        self.speed = Lazy(speed)
    }

    /// - Parameter key: `nil` where an input is not built yet.
    func prediction(for stage: Stage, key: Digest?) -> Prediction? {
        if let seconds = key.flatMap(history.seconds) { return Prediction(seconds: seconds, basis: .sameAction) }
        let runs = history.runs(of: stage.kind, in: stage.numerics)
        guard let work = stage.work else { return runs.map { Prediction(seconds: $0.meanSeconds, basis: .sameKind) } }
        guard work > 0 else {
            return Prediction(seconds: runs?.meanSeconds ?? Self.overhead, basis: runs == nil ? .formula : .sameKind)
        }
        if let measured = runs?.measured(overhead: Self.overhead) {
            return Prediction(seconds: Self.overhead + work * measured.seconds / measured.work, basis: .sameKind)
        }
        let product = otherKindsSpeed(in: stage.numerics) ?? max(speed.value, 1)
        return Prediction(seconds: Self.overhead + work / (product * Self.efficiency(of: stage.kind)), basis: .formula)
    }

    /// The speed of a matrix product that runs of other kinds speak of; `nil` where none was long enough.
    private func otherKindsSpeed(in numerics: Numerics) -> Double? {
        var (product, seconds) = (0.0, 0.0)
        for (kind, runs) in history.runs(in: numerics) where !Self.copying.contains(kind) {
            guard let measured = runs.measured(overhead: Self.overhead), measured.seconds >= Self.shortest else { continue }
            product += measured.work / Self.efficiency(of: kind)
            seconds += measured.seconds
        }
        return seconds > 0 ? product / seconds : nil
    }

    private static func efficiency(of kind: String) -> Double { efficiency[kind] ?? standardEfficiency }
}
