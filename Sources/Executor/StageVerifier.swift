import BuildModel
import Foundation
import Store

/// Runs a stage of a lineage again, in a clean place, and compares every byte with what the lineage says it gave.
///
/// Nothing of it enters the store, and no checkpoint of an earlier run is used.
package struct StageVerifier: Sendable {
    private let store: Store
    private let runner: any Runner
    private let threads: Int
    private let measurements: Set<String>

    /// What came of running a stage again.
    package enum Verdict: Sendable {
        /// The same bytes, after so many seconds.
        case same(seconds: Double)
        /// A source: its objects are what their names say. There is nothing to run.
        case held
        /// It was measured, of another machine or at another time: its objects are what their names say, and that is all.
        case measurement
        case differs(ArtifactDifference)
        case failed(StageFailureReport)
    }

    /// - Parameter measurements: names of kinds whose bytes are other ones each time.
    package init(store: Store, runner: any Runner, threads: Int, measurements: Set<String> = []) {
        self.store = store
        self.runner = runner
        self.threads = threads
        self.measurements = measurements
    }

    /// - Parameter lineage: has the stage and those that its inputs came from.
    /// - Throws: `StoreError` where an object that the stage needs or gave is damaged or missing.
    package func verify(_ stage: Lineage.Stage, in lineage: Lineage, progress: @escaping @Sendable (StageProgress) -> Void)
        async throws -> Verdict
    {
        let artifact = stage.record.artifact
        let place = URL.temporaryDirectory.appending(path: "decant-verify-\(UUID().uuidString)", directoryHint: .isDirectory)
        defer { try? FileManager.default.removeItem(at: place) }
        if stage.record.action.isSource {
            try store.checkObjects(of: artifact)
            return .held
        }
        if measurements.contains(stage.record.action.kind) {
            try store.checkObjects(of: artifact)
            return .measurement
        }
        let workspace = StageWorkspace(directory: place)
        for folder in [workspace.outputs, workspace.checkpoint] {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        }
        try Data(stage.record.action.canonicalBytes).write(to: workspace.actionFile)
        for input in stage.inputs {
            guard let source = lineage[input.commit] else { throw IncompleteLineage(stage: stage.commit, input: input.name) }
            try store.materialize(source.record.artifact, at: workspace.input(input.name))
        }
        // A model behind a server is not asked again: what it answered is part of the artifact.
        if let exchanges = artifact[ChatExchange.fileName] { try store.copyObject(exchanges.digest, to: workspace.answers) }
        let started = Date()
        let exit = try await runner.run(workspace, threads: threads, onProgress: progress)
        guard exit.status != StageExit.asks else {
            return .failed(StageFailureReport(reason: "it asks a model what the artifact holds no answer to"))
        }
        guard exit.status == 0 else {
            return .failed(StageFailureReport(exit, in: workspace))
        }
        let seconds = Date().timeIntervalSince(started)
        let difference = try ArtifactDifference(stored: artifact, in: store, made: workspace.outputs)
        return difference.map(Verdict.differs) ?? .same(seconds: seconds)
    }
}

/// A stage commit without the commit that one of its inputs came from.
package struct IncompleteLineage: Error, Sendable, CustomStringConvertible {
    package var stage: CommitID
    package var input: String
    package var description: String { "the stage commit \(stage) names no commit for its input '\(input)'" }
}

extension Action {
    /// Whether it stands for files from outside, which nobody can make again.
    package var isSource: Bool { kind.hasPrefix("source.") }
}
