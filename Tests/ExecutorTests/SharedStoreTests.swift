import BuildModel
import CanonicalJSON
import Foundation
import Store
import Testing
import TestSupport

@testable import Executor

/// What is cached may be gone, and what is missing may be there by now: the store is looked at, not remembered.
@Suite struct SharedStoreTests {
    private let temporary = TemporaryFolder()
    var directory: URL { temporary.url }
    let graph = Graph(
        stages: [ExecutorTests.stage("a"), ExecutorTests.stage("b", [0]), ExecutorTests.stage("c", [1])], targets: [])

    /// Builds the suite's graph and returns the outcome with the names of the stages that ran.
    func build(in store: Store) async throws -> (outcome: BuildOutcome, ran: [String]) {
        let runner = EchoRunner()
        let outcome = try await Executor(store: store, runner: runner).build(graph, targets: graph.ids) { _ in }
        return (outcome, runner.ran)
    }

    func remove(_ artifact: Artifact?, from store: Store) throws {
        let file = try #require(artifact?.files.first)
        try FileManager.default.removeItem(at: #require(store.object(file.digest)).url)
    }

    @Test func aStageWhoseObjectIsGoneIsPlannedAndRunAgain() async throws {
        defer { try? FileManager.default.removeItem(at: directory) }
        let store = try Store(at: directory)
        let first = try await build(in: store).outcome
        try remove(first.results[1]?.artifact, from: store)
        for store in [store, try Store(at: directory)] {
            #expect(try BuildPlan(of: graph, in: store, previous: nil).entries.map(\.state) == [.cached, .stale, .unknown])
        }
        #expect(try await build(in: Store(at: directory)).ran == ["b"])
    }

    @Test func anObjectThatGoesBetweenTwoBuildsOfOneProcessIsMissed() async throws {
        defer { try? FileManager.default.removeItem(at: directory) }
        let store = try Store(at: directory)
        _ = try await build(in: store)
        let second = try await build(in: store)
        #expect(second.ran == [])
        try remove(second.outcome.results[2]?.artifact, from: store)
        #expect(try await build(in: store).ran == ["c"])
    }

    @Test func anObjectOfAnotherSizeIsMissed() async throws {
        defer { try? FileManager.default.removeItem(at: directory) }
        let store = try Store(at: directory)
        let file = try #require(try await build(in: store).outcome.results[1]?.artifact.files.first)
        let object = try #require(store.object(file.digest)).url
        try FileManager.default.removeItem(at: object)
        try Data("cut".utf8).write(to: object)
        #expect(try await build(in: Store(at: directory)).ran == ["b"])
    }

    @Test func whatAnotherProcessBuiltMeanwhileIsNotRun() async throws {
        defer { try? FileManager.default.removeItem(at: directory) }
        let store = try Store(at: directory)
        #expect(try BuildPlan(of: graph, in: store, previous: nil).entries[0].state == .stale)
        _ = try await build(in: Store(at: directory))
        #expect(try await build(in: store).ran == [])
        #expect(try BuildPlan(of: graph, in: store, previous: nil).entries.map(\.state) == [.cached, .cached, .cached])
    }

    /// The other process finishes `b` and `c` while this one runs `a`: after this one had looked at the store.
    @Test func whatAnotherProcessBuildsDuringABuildIsNotRun() async throws {
        defer { try? FileManager.default.removeItem(at: directory) }
        let graph = Graph(
            stages: [ExecutorTests.stage("a"), ExecutorTests.stage("b"), ExecutorTests.stage("c", [1])], targets: [])
        let runner = OvertakenRunner { [directory] in
            let other = Executor(store: try Store(at: directory), runner: EchoRunner())
            _ = try await other.build(graph, targets: [StageID(index: 2)]) { _ in }
        }
        let executor = Executor(store: try Store(at: directory), runner: runner, resources: Resources(jobs: 1))
        let outcome = try await executor.build(graph, targets: graph.ids) { _ in }
        #expect(outcome.ran == ["a"])
        #expect(outcome.cached == ["b", "c"])
    }

    /// The second version of `a` gives the same bytes: no ref names the commit of `b` that says so.
    @Test func aStageCommitThatGitPrunedIsMintedAgain() async throws {
        defer { try? FileManager.default.removeItem(at: directory) }
        let build = { [directory] (version: JSON) in
            let stages = [
                ExecutorTests.stage("a", extra: ["version": version, "ignores": true]), ExecutorTests.stage("b", [0]),
            ]
            let executor = Executor(store: try Store(at: directory), runner: EchoRunner())
            return try await executor.build(Graph(stages: stages, targets: []), targets: [StageID(index: 1)]) { _ in }
        }
        _ = try await build(1)
        let commits = try await build(2).results.compactMap { $0?.commit }
        let last = try #require(commits.last).hex
        try FileManager.default.removeItem(
            at: directory.appending(path: "lineage.git/objects/\(last.prefix(2))/\(last.dropFirst(2))"))
        let store = try Store(at: directory)
        #expect(try store.stageCommit(last) == nil)
        let again = try await build(2)
        #expect(again.ran == [])
        #expect(again.results.compactMap { $0?.commit } == commits)
        #expect(try store.stageCommit(last) != nil)
    }
}

/// Lets something else happen before the first stage runs.
final class OvertakenRunner: Runner {
    private let runner = EchoRunner()
    private let overtake: @Sendable () async throws -> Void

    init(overtake: @escaping @Sendable () async throws -> Void) { self.overtake = overtake }

    func run(
        _ workspace: StageWorkspace, threads: Int, onProgress: @escaping @Sendable (StageProgress) -> Void
    ) async throws -> StageExit {
        if runner.ran.isEmpty { try await overtake() }
        return try await runner.run(workspace, threads: threads, onProgress: onProgress)
    }
}
