import BuildModel
import CanonicalJSON
import Foundation
import Store

/// Builds a graph: looks results up, runs what is missing, records lineage.
public struct Executor: Sendable {
    private let store: Store
    private let runner: any Runner
    private let fetcher: any SourceFetcher
    /// Stages that run side by side.
    private let jobs: Int

    public init(store: Store, runner: any Runner, fetcher: any SourceFetcher = NetworkFetcher(), jobs: Int = 1) {
        self.store = store
        self.runner = runner
        self.fetcher = fetcher
        self.jobs = max(1, jobs)
    }

    /// Builds the targets and everything that they need. A failed stage skips what depends on it; the rest is finished.
    ///
    /// - Parameter beforeRunning: asked once, before the first stage that is not there already; what it throws ends the build.
    /// - Throws: `StoreError` where the store itself cannot go on.
    public func build(
        _ graph: Graph, targets: [StageID], beforeRunning: () throws -> Void = {},
        onEvent: @escaping @Sendable (BuildEvent) -> Void
    ) async throws -> BuildOutcome {
        var queue = BuildQueue(graph: graph, targets: targets)
        var outcome = BuildOutcome(graph: graph, wanted: queue.wanted)
        onEvent(.started(stages: queue.wanted.count))
        try store.prepare(for: queue.wanted.count)
        defer { store.endPreparation() }
        try snapshotSources(of: graph, wanted: queue.wanted)
        // Stages that turned out to be the same action as one that runs: they take its result.
        var waiting: [Digest: [StageID]] = [:]
        var released: [StageID] = []
        var hasRun = false
        try await withThrowingTaskGroup(of: (StageID, Digest, StageEnd).self) { running in
            while true {
                while waiting.count < jobs, let id = released.popLast() ?? queue.start() {
                    let plan = PlannedStage(stage: graph[id], results: outcome.results, graph: graph)
                    if waiting[plan.key] != nil {
                        waiting[plan.key]?.append(id)
                        continue
                    }
                    if let result = try cachedResult(of: plan) {
                        outcome.results[id.index] = result
                        queue.finish(id)
                        onEvent(.stageFinished(name: plan.stage.name, result))
                        continue
                    }
                    if !hasRun { try beforeRunning() }
                    hasRun = true
                    onEvent(.stageStarted(name: plan.stage.name, kind: plan.stage.kind))
                    waiting[plan.key] = []
                    running.addTask { (id, plan.key, try await self.execute(plan, onEvent: onEvent)) }
                }
                guard let (id, key, end) = try await running.next() else { break }
                released += waiting.removeValue(forKey: key) ?? []
                switch end {
                case .finished(let result):
                    outcome.results[id.index] = result
                    queue.finish(id)
                    onEvent(.stageFinished(name: graph[id].name, result))
                case .failed(let failure):
                    outcome.failures[id.index] = failure
                    onEvent(.stageFailed(name: graph[id].name, failure))
                    for skipped in queue.fail(id) {
                        outcome.skipped.append(skipped)
                        onEvent(.stageSkipped(name: graph[skipped].name, because: graph[id].name))
                    }
                }
            }
        }
        return outcome
    }

    /// Takes the bytes of every source file into the store before anything runs, so that files edited during the build do
    /// not leak into it.
    private func snapshotSources(of graph: Graph, wanted: [StageID]) throws {
        for id in wanted {
            guard let source = graph[id].fixedOutput, case .path(let path) = source.origin,
                heldFixedOutput(of: graph[id]) == nil
            else { continue }
            let file = try store.importFile(at: path)
            guard source.files.map(\.digest) == [file.digest] else { throw SourceChanged(path: path) }
        }
    }

    /// The result that is already there: recorded for this key, or a fixed output whose object the store holds. Its stage
    /// commit is minted here too, because the same action can have other parents this time.
    private func cachedResult(of plan: PlannedStage) throws -> StageResult? {
        if let known = store.preparedResult(of: plan.key, parents: plan.parents) {
            return StageResult(key: plan.key, artifact: known.artifact, commit: known.commit, seconds: nil)
        }
        let recorded = try store.result(of: plan.key)
        guard let artifact = recorded ?? heldFixedOutput(of: plan.stage) else { return nil }
        let commit = try store.record(plan.action, parents: plan.parents, artifact: artifact)
        return StageResult(key: plan.key, artifact: artifact, commit: commit, seconds: recorded == nil ? 0 : nil)
    }

    private func heldFixedOutput(of stage: Stage) -> Artifact? {
        guard let source = stage.fixedOutput else { return nil }
        var files: [Artifact.File] = []
        for file in source.files {
            guard let object = store.object(file.digest) else { return nil }
            files.append(.init(path: file.path, size: object.size, digest: file.digest))
        }
        return Artifact(files: files)
    }

    private func execute(_ plan: PlannedStage, onEvent: @escaping @Sendable (BuildEvent) -> Void) async throws -> StageEnd {
        let started = Date()
        let artifact: Artifact
        if let source = plan.stage.fixedOutput {
            do {
                artifact = try await store.fetch(source, with: fetcher)
            } catch let error as FetchError {
                return .failed(StageFailureReport(reason: error.description))
            }
        } else {
            let workspace = try prepareWorkspace(for: plan)
            let status = try await runner.run(workspace) { progress in
                onEvent(.stageProgressed(name: plan.stage.name, progress))
            }
            guard status == 0 else {
                return .failed(
                    StageFailureReport(
                        reason: status < 0 ? "ended by signal \(-status)" : "exited with status \(status)",
                        logTail: workspace.logTail(), logPath: workspace.log.path))
            }
            artifact = try store.importDirectory(workspace.outputs)
        }
        return try finish(plan, artifact: artifact, started: started)
    }

    /// Records what a stage gave.
    private func finish(_ plan: PlannedStage, artifact: Artifact, started: Date) throws -> StageEnd {
        let seconds = Date().timeIntervalSince(started)
        let commit = try store.record(plan.action, parents: plan.parents, artifact: artifact)
        try store.noteRun(RunNote(started: started, seconds: seconds), of: plan.action, commit: commit, work: plan.stage.work)
        store.removeScratch(for: plan.key)
        return .finished(StageResult(key: plan.key, artifact: artifact, commit: commit, seconds: seconds))
    }

    private func prepareWorkspace(for plan: PlannedStage) throws -> StageWorkspace {
        let workspace = StageWorkspace(directory: try store.makeScratch(for: plan.key))
        try FileManager.default.createDirectory(at: workspace.outputs, withIntermediateDirectories: true)
        try Data(plan.action.canonicalBytes).write(to: workspace.actionFile)
        for (input, result) in zip(plan.stage.inputs, plan.inputs) {
            try store.materialize(result.artifact, at: workspace.input(input.name))
        }
        return workspace
    }
}

/// How a stage that ran ended.
private enum StageEnd: Sendable {
    case finished(StageResult)
    case failed(StageFailureReport)
}

/// A source file that changed between planning and building.
public struct SourceChanged: Error, Sendable, CustomStringConvertible {
    public var path: String
    public var description: String { "\(path) changed while the build was starting; run the build again" }
}
