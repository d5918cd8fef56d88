import BuildModel
import Foundation
import Store
import Testing

@testable import Executor

/// Writes other bytes each time.
private struct DrawingRunner: Runner {
    func run(
        _ workspace: StageWorkspace, threads: Int, onProgress: @escaping @Sendable (StageProgress) -> Void
    ) async throws -> StageExit {
        // No text, so that it does not stand in git as well.
        try Data("\(UUID())\0".utf8).write(to: workspace.outputs.appending(path: "out.txt"))
        return StageExit(status: 0)
    }
}

@Suite struct StageVerifierTests {
    @Test func measurementsAreLookedAtAndNotCompared() async throws {
        let directory = URL.temporaryDirectory.appending(
            path: "decant-verifier-\(UUID().uuidString)", directoryHint: .isDirectory)
        defer { try? FileManager.default.removeItem(at: directory) }
        let store = try Store(at: directory)
        let graph = Graph(stages: [ExecutorTests.stage("a")], targets: [])
        let outcome = try await Executor(store: store, runner: DrawingRunner()).build(graph, targets: graph.ids) { _ in }
        let result = try #require(outcome.results[0])
        let record = try #require(try store.stageCommit(result.commit.hex))
        let lineage = try store.lineage(of: record)
        let stage = try #require(lineage.stages.last)
        let comparing = StageVerifier(store: store, runner: DrawingRunner(), threads: 1)
        guard case .differs = try await comparing.verify(stage, in: lineage, progress: { _ in }) else {
            Issue.record("other bytes are a difference")
            return
        }
        let knowing = StageVerifier(store: store, runner: DrawingRunner(), threads: 1, measurements: ["test"])
        guard case .measurement = try await knowing.verify(stage, in: lineage, progress: { _ in }) else {
            Issue.record("other bytes of a measurement are none")
            return
        }
        // Its bytes must be the recorded ones all the same.
        let file = try #require(result.artifact.files.first)
        try FileManager.default.removeItem(at: #require(store.object(file.digest)).url)
        await #expect(throws: StoreError.self) { _ = try await knowing.verify(stage, in: lineage, progress: { _ in }) }
    }
}
