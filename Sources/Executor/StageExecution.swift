import BuildModel
import Foundation
import Programs
import Store

/// How an attempt at a stage ended.
enum StageOutcome: Sendable {
    case finished(StageResult)
    case failed(StageFailureReport)
    /// The build was asked to stop before the stage was done.
    case stopped(hasCheckpoint: Bool)
    /// An object that the stage needs is not what its name says, or is gone.
    case damaged(Digest)
}

/// Runs one stage: owns its scratch directory, runs or fetches it, records what it gave.
struct StageExecution: Sendable {
    let executor: Executor
    let onEvent: @Sendable (BuildEvent) -> Void

    var store: Store { executor.store }

    func run(_ plan: PlannedStage, threads: Int) async throws -> StageOutcome {
        do {
            let scratch = try await store.awaitScratch(for: plan.key) { onEvent(.stageWaiting(name: plan.stage.name)) }
            // Whoever owned it may have finished the action.
            if let result = try store.heldResult(of: plan) { return .finished(result) }
            if let artifact = await executor.remote?.result(of: plan.key), plan.action.pinFault(of: artifact) == nil {
                return .finished(try record(artifact, of: plan))
            }
            try Task.checkCancellation()
            onEvent(.stageStarted(name: plan.stage.name, kind: plan.stage.kind))
            guard let source = plan.stage.fixedOutput else { return try await run(plan, threads: threads, in: scratch) }
            scratch.remove()
            return try await fetch(source, for: plan)
        } catch StoreError.notAnArtifact(let reason) {
            return .failed(StageFailureReport(reason: reason))
        } catch let error as StoreError {
            guard let object = error.unusableObject else { throw error }
            return .damaged(object)
        } catch is CancellationError {
            return .stopped(hasCheckpoint: false)
        }
    }

    /// Records the result of someone else's run.
    private func record(_ artifact: Artifact, of plan: PlannedStage) throws -> StageResult {
        let commit = try store.record(plan.action, parents: plan.parents, artifact: artifact)
        return StageResult(key: plan.key, artifact: artifact, commit: commit, seconds: nil)
    }

    private func fetch(_ source: FixedOutput, for plan: PlannedStage) async throws -> StageOutcome {
        guard let fetcher = executor.fetcher else {
            return .failed(StageFailureReport(reason: "this build fetches no sources"))
        }
        let started = Date()
        do {
            let artifact = try await fetcher.fetch(source, into: store)
            return try finish(plan, artifact: artifact, started: started, peakMemory: nil)
        } catch {
            if error is StoreError || error is CancellationError { throw error }
            if Task.isCancelled { return .stopped(hasCheckpoint: false) }
            return .failed(StageFailureReport(reason: "\(error)"))
        }
    }

    private func run(_ plan: PlannedStage, threads: Int, in scratch: Scratch) async throws -> StageOutcome {
        let permission = try executor.gate?.permission(for: plan.action, named: plan.stage.name, inputs: plan.parents)
        if case .refused(let reason) = permission { return .failed(StageFailureReport(reason: reason)) }
        let started = Date()
        var workspace = StageWorkspace(directory: scratch.directory)
        workspace.needsIsolation = permission == .isolated
        let goesOn = workspace.hasCheckpoint
        try scratch.clear(keeping: StageWorkspace.checkpointName)
        let inputs = zip(plan.stage.inputs, plan.inputs).map { ($0.name, $1.artifact) }
        try workspace.prepare(for: plan.action, inputs: inputs, from: store)
        var exit = try await run(plan, threads: threads, in: workspace)
        if exit.status == StageExit.asks {
            if let failure = try await answerQuestions(of: plan.stage, in: workspace) { return .failed(failure) }
            exit = try await run(plan, threads: threads, in: workspace)
        }
        guard exit.status == 0 else {
            if Task.isCancelled { return .stopped(hasCheckpoint: workspace.hasCheckpoint) }
            return .failed(StageFailureReport(exit, in: workspace))
        }
        let artifact = try store.takeDirectory(workspace.outputs)
        let outcome = try finish(
            plan, artifact: artifact, started: started, peakMemory: exit.peakMemory,
            share: goesOn ? workspace.shareOfLastAttempt : 1)
        scratch.remove()
        return outcome
    }

    private func run(_ plan: PlannedStage, threads: Int, in workspace: StageWorkspace) async throws -> StageExit {
        try await executor.runner.run(workspace, threads: threads) { progress in
            onEvent(.stageProgressed(name: plan.stage.name, progress))
        }
    }

    /// Asks what the stage wants to know, so that it can be run once more.
    ///
    /// - Returns: why an answer cannot be had.
    private func answerQuestions(of stage: Stage, in workspace: StageWorkspace) async throws -> StageFailureReport? {
        guard let endpoints = executor.endpoints, let access = stage.endpoint else {
            return StageFailureReport(reason: "the stage asks a model, and the recipe says of no server that it has that model")
        }
        do {
            try await endpoints.answer(workspace.questions, at: access, into: workspace.answers) { progress in
                onEvent(.stageProgressed(name: stage.name, progress))
            } onWait: {
                onEvent(.stageWaiting(name: stage.name))
            }
            return nil
        } catch let error as StoreError {
            throw error
        } catch {
            if Task.isCancelled { throw CancellationError() }
            return StageFailureReport(reason: "\(error)")
        }
    }

    /// Records what a stage gave.
    ///
    /// - Parameter share: of the stage's work, what was done since it started; the rest was done before it was stopped.
    private func finish(
        _ plan: PlannedStage, artifact: Artifact, started: Date, peakMemory: Int?, share: Double = 1
    ) throws -> StageOutcome {
        let seconds = Date().timeIntervalSince(started)
        let commit = try store.record(plan.action, parents: plan.parents, artifact: artifact)
        let note = RunNote(started: started, seconds: seconds, peakMemory: peakMemory)
        try store.noteRun(note, of: plan.action, commit: commit, work: plan.stage.work.map { $0 * share })
        return .finished(StageResult(key: plan.key, artifact: artifact, commit: commit, seconds: seconds))
    }
}

extension StageFailureReport {
    init(_ exit: StageExit, in workspace: StageWorkspace) {
        let status = exit.status < 0 ? Self.reason(signal: -exit.status) : "exited with status \(exit.status)"
        // A stage cannot say so itself: its log is on the same disk.
        let disk = Store.isOnFullDisk(workspace.directory) ? "; no space left on the disk of \(workspace.directory.path)" : ""
        self.init(reason: status + disk, logTail: workspace.logTail(), logPath: workspace.log.path)
    }

    /// A stage is killed by nobody but the kernel, or a person; and memory that cannot be had ends Swift's programs by a trap.
    private static func reason(signal: Int32) -> String {
        let ended = "ended by signal \(signal) (\(String(cString: strsignal(signal))))"
        switch signal {
        case SIGKILL:
            return
                "\(ended): the kernel does so when memory runs out. Give it more, or run fewer stages at once (-j 1, --memory)"
        case SIGILL where AddressSpace.isScarce, SIGTRAP where AddressSpace.isScarce, SIGABRT where AddressSpace.isScarce,
            SIGBUS where AddressSpace.isScarce,
            SIGSEGV where AddressSpace.isScarce:
            return "\(ended): memory may have run out, since this process may have little of it (ulimit -v)"
        default:
            return ended
        }
    }
}

extension StageWorkspace {
    /// Lays out what a stage reads, and empty folders for what it writes.
    func prepare(for action: Action, inputs: [(name: String, artifact: Artifact)], from store: Store) throws {
        for folder in [outputs, checkpoint] {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        }
        try Data(action.canonicalBytes).write(to: actionFile)
        for (name, artifact) in inputs { try store.materialize(artifact, at: input(name)) }
    }
}

extension Store {
    /// The result that is already there: recorded for this key, or a fixed output whose objects the store holds. Its stage
    /// commit is minted here too, because the same action can have other parents this time.
    func heldResult(of plan: PlannedStage) throws(StoreError) -> StageResult? {
        if let known = preparedResult(of: plan.key, parents: plan.parents), plan.action.pinFault(of: known.artifact) == nil {
            return StageResult(key: plan.key, artifact: known.artifact, commit: known.commit, seconds: nil)
        }
        let recorded = try result(of: plan.action)
        guard let artifact = recorded ?? heldFixedOutput(of: plan.stage) else { return nil }
        let commit = try record(plan.action, parents: plan.parents, artifact: artifact)
        return StageResult(key: plan.key, artifact: artifact, commit: commit, seconds: recorded == nil ? 0 : nil)
    }

    /// The artifact of a source whose objects are all here.
    func heldFixedOutput(of stage: Stage) -> Artifact? {
        guard let source = stage.fixedOutput else { return nil }
        var files: [Artifact.File] = []
        for file in source.files {
            guard let object = object(file.digest) else { return nil }
            files.append(.init(path: file.path, size: object.size, digest: file.digest))
        }
        return Artifact(files: files)
    }
}
