import BuildModel
import Store

/// One pass over a graph: what waits, what runs, what came of it.
///
/// A damaged object ends a pass early. The next one finds its stage's result missing.
struct BuildPass {
    let graph: Graph
    let execution: StageExecution
    private(set) var outcome: BuildOutcome
    /// Objects that turned out unusable.
    private(set) var damaged: [Digest] = []

    private var queue: BuildQueue
    private var resources: Resources
    /// Stages without a result that wait for a share of the machine, in graph order.
    private var missing: [(id: StageID, plan: PlannedStage)] = []
    /// By key of every action that waits or runs: stages that turned out to be the same action, and take its result.
    private var duplicates: [Digest: [StageID]] = [:]
    private var running = 0
    /// What a pass before this one gave: it was reported then.
    private let before: BuildOutcome?

    init(
        _ graph: Graph, targets: [StageID], execution: StageExecution, after before: BuildOutcome?
    ) {
        (self.graph, self.execution) = (graph, execution)
        resources = execution.executor.resources
        self.before = before
        queue = BuildQueue(graph: graph, targets: targets)
        outcome = BuildOutcome(graph: graph, wanted: queue.wanted)
    }

    /// - Parameter beforeRunning: asked before the first stage that has to run.
    mutating func run(beforeRunning: () throws -> Void) async throws {
        var hasRun = false
        try await withThrowingTaskGroup(of: Attempt.self) { group in
            while true {
                try lookUpReadyStages()
                if !missing.isEmpty, !hasRun, goesOn {
                    try beforeRunning()
                    hasRun = true
                }
                while goesOn, let (id, plan, share) = nextToRun() {
                    running += 1
                    group.addTask { [execution] in
                        Attempt(
                            id: id, key: plan.key, share: share, outcome: try await execution.run(plan, threads: share.threads))
                    }
                }
                guard running > 0, let attempt = try await group.next() else { break }
                running -= 1
                settle(attempt)
            }
        }
        outcome.notStarted = queue.unfinished
        outcome.wasInterrupted = Task.isCancelled
    }

    private struct Attempt: Sendable {
        var id: StageID
        var key: Digest
        var share: Resources.Share
        var outcome: StageOutcome
    }

    /// Whether further stages may start.
    private var goesOn: Bool {
        !Task.isCancelled && damaged.isEmpty && (execution.executor.keepsGoing || outcome.failed.isEmpty)
    }

    private mutating func lookUpReadyStages() throws {
        while damaged.isEmpty, let id = queue.start() {
            let plan = PlannedStage(stage: graph[id], results: outcome.results, graph: graph)
            if duplicates[plan.key] != nil {
                duplicates[plan.key]?.append(id)
                continue
            }
            do {
                if let result = try execution.store.heldResult(of: plan) {
                    finish(id, with: result)
                    continue
                }
            } catch {
                guard let object = error.unusableObject else { throw error }
                damaged.append(object)
                return
            }
            duplicates[plan.key] = []
            let place = missing.firstIndex { $0.id > id } ?? missing.endIndex
            missing.insert((id, plan), at: place)
        }
    }

    /// The first stage that waits and for which there is room.
    private mutating func nextToRun() -> (id: StageID, plan: PlannedStage, share: Resources.Share)? {
        for (place, (id, plan)) in missing.enumerated() {
            let share =
                plan.stage.isMeasurement
                ? resources.takeAll() : resources.take(memory: plan.memory, waiting: missing.count)
            if let share {
                missing.remove(at: place)
                return (id, plan, share)
            }
        }
        return nil
    }

    private mutating func settle(_ attempt: Attempt) {
        resources.give(back: attempt.share)
        let name = graph[attempt.id].name
        let same = duplicates.removeValue(forKey: attempt.key) ?? []
        switch attempt.outcome {
        case .finished(let result):
            finish(attempt.id, with: result)
            for id in same { queue.putBack(id) }
        case .failed(let failure):
            for id in [attempt.id] + same {
                outcome.failures[id.index] = failure
                execution.onEvent(.stageFailed(name: graph[id].name, failure))
                for skipped in queue.fail(id) {
                    outcome.skipped.append(skipped)
                    execution.onEvent(.stageSkipped(name: graph[skipped].name, because: graph[id].name))
                }
            }
        case .stopped(let hasCheckpoint):
            execution.onEvent(.stageStopped(name: name, hasCheckpoint: hasCheckpoint))
        case .damaged(let object):
            damaged.append(object)
            execution.onEvent(.stageStopped(name: name, hasCheckpoint: false))
        }
    }

    private mutating func finish(_ id: StageID, with result: StageResult) {
        queue.finish(id)
        let reported = before?.results[id.index]
        // What ran in the pass before did not come from the cache.
        outcome.results[id.index] = reported?.key == result.key && result.wasCached ? reported : result
        if reported != outcome.results[id.index] { execution.onEvent(.stageFinished(name: graph[id].name, result)) }
    }
}

/// A stage whose inputs are all there.
struct PlannedStage: Sendable {
    let stage: Stage
    let inputs: [StageResult]
    let action: Action
    let key: Digest

    /// - Precondition: `results` holds every input of the stage.
    init(stage: Stage, results: [StageResult?], graph: Graph) {
        let inputs = stage.inputs.map { input in
            guard let result = results[input.stage.index] else {
                preconditionFailure("stage \(stage.name) started before its input \(graph[input.stage].name)")
            }
            return result
        }
        (self.stage, self.inputs) = (stage, inputs)
        action = Action(stage: stage, artifacts: inputs.map(\.artifact.digest))
        key = action.key
    }

    /// Bytes that running it takes, roughly.
    var memory: Int {
        stage.memory(
            Dictionary(zip(stage.inputs.map(\.name), inputs.map(\.artifact.size)), uniquingKeysWith: { first, _ in first }))
    }

    /// The stage commits of the inputs, in input order.
    var parents: [CommitID] { inputs.map(\.commit) }
}
