import BuildModel
import CanonicalJSON
import Foundation
import Store
import Synchronization
import Testing
import TestSupport

@testable import Executor

/// Runs stages that wait until they are let go or cancelled, and notes how many ran side by side.
final class GateRunner: Runner {
    private struct State {
        var running: [String] = []
        var most = 0
        var ran: [String] = []
        var threads: [String: Int] = [:]
    }

    private let state = Mutex(State())
    private let isOpen = Mutex(true)
    private let inner = EchoRunner()

    var mostAtOnce: Int { state.withLock { $0.most } }
    var running: [String] { state.withLock { $0.running } }
    var ran: [String] { state.withLock { $0.ran } }
    func threads(of name: String) -> Int? { state.withLock { $0.threads[name] } }
    func close() { isOpen.withLock { $0 = false } }
    func open() { isOpen.withLock { $0 = true } }

    func run(
        _ workspace: StageWorkspace, threads: Int, onProgress: @escaping @Sendable (StageProgress) -> Void
    ) async throws -> StageExit {
        let action = try Action(encoding: JSON(parsing: Data(contentsOf: workspace.actionFile)))
        let name = action.parameters["name"]?.string ?? ""
        state.withLock { state in
            state.running.append(name)
            state.most = max(state.most, state.running.count)
            state.threads[name] = threads
        }
        defer {
            state.withLock { state in
                state.running.removeAll { $0 == name }
                state.ran.append(name)
            }
        }
        try? await Task.sleep(for: .milliseconds(20))
        while !isOpen.withLock({ $0 }) {
            if Task.isCancelled {
                try Data("state".utf8).write(to: workspace.checkpoint.appending(path: "state"))
                return StageExit(status: 75)
            }
            try? await Task.sleep(for: .milliseconds(5))
        }
        return try await inner.run(workspace, threads: threads, onProgress: onProgress)
    }

    /// Waits until so many stages run.
    func waitForRunning(_ count: Int) async throws {
        for _ in 0..<24_000 where running.count < count { try await Task.sleep(for: .milliseconds(5)) }
        try #require(running.count >= count)
    }
}

@Suite struct SchedulingTests {
    private let temporary = TemporaryFolder()
    var directory: URL { temporary.url }

    static func stage(_ name: String, memory: Int, _ inputs: [Int] = [], isMeasurement: Bool = false) -> Stage {
        Stage(
            name: name, kind: "test", revision: 1, parameters: ["name": .string(name)],
            inputs: inputs.enumerated().map { .init(name: "in\($0.offset)", stage: StageID(index: $0.element)) },
            isMeasurement: isMeasurement, memory: { _ in memory })
    }

    /// Those of this machine that a build may have.
    private static func processors() throws -> Int {
        var resources = Resources()
        let all = resources.takeAll()
        return try #require(all).threads
    }

    func build(_ graph: Graph, _ runner: GateRunner, _ resources: Resources) async throws -> BuildOutcome {
        try await Executor(store: Store(at: directory), runner: runner, resources: resources)
            .build(graph, targets: graph.ids) { _ in }
    }

    /// Lets no stage end before so many run side by side, and gives others a moment to join them.
    func build(_ graph: Graph, _ runner: GateRunner, _ resources: Resources, meeting count: Int) async throws -> BuildOutcome {
        runner.close()
        async let outcome = build(graph, runner, resources)
        try await runner.waitForRunning(count)
        try await Task.sleep(for: .milliseconds(100))
        runner.open()
        return try await outcome
    }

    @Test(arguments: [1, 2, 3]) func noMoreStagesRunThanThereAreJobs(jobs: Int) async throws {
        defer { try? FileManager.default.removeItem(at: directory) }
        let graph = Graph(stages: (0..<8).map { Self.stage("s\($0)", memory: 1) }, targets: [])
        let runner = GateRunner()
        _ = try await build(graph, runner, Resources(jobs: jobs, threads: 1), meeting: jobs)
        #expect(runner.mostAtOnce == jobs)
    }

    @Test func stagesShareTheMemory() async throws {
        defer { try? FileManager.default.removeItem(at: directory) }
        let graph = Graph(stages: (0..<6).map { Self.stage("s\($0)", memory: 40) }, targets: [])
        let runner = GateRunner()
        _ = try await build(graph, runner, Resources(jobs: 6, threads: 1, memory: 100), meeting: 2)
        #expect(runner.mostAtOnce == 2)
    }

    @Test func memoryCanBeFilledToItsLastByte() {
        var resources = Resources(jobs: 3, threads: 1, memory: 100)
        let shares = [40, 60, 1].map { resources.take(memory: $0, waiting: 1)?.memory }
        #expect(shares == [40, 60, nil])
    }

    /// A stage that needs more than there is runs alone; a small one does not wait for a large one that has to.
    @Test func aStageThatNeedsTooMuchRunsAlone() async throws {
        defer { try? FileManager.default.removeItem(at: directory) }
        let graph = Graph(
            stages: [Self.stage("first", memory: 60), Self.stage("huge", memory: 900), Self.stage("small", memory: 30)],
            targets: [])
        let runner = GateRunner()
        let outcome = try await build(graph, runner, Resources(jobs: 3, threads: 1, memory: 100), meeting: 2)
        #expect(outcome.succeeded)
        #expect(runner.mostAtOnce == 2)
        #expect(runner.ran.last == "huge")
    }

    @Test func aLoneStageHasAllProcessorsAndTwoShareThem() async throws {
        defer { try? FileManager.default.removeItem(at: directory) }
        let graph = Graph(
            stages: [Self.stage("alone", memory: 1), Self.stage("left", memory: 1, [0]), Self.stage("right", memory: 1, [0])],
            targets: [])
        let processors = try Self.processors()
        let runner = GateRunner()
        _ = try await build(graph, runner, Resources(jobs: 2))
        #expect(runner.threads(of: "alone") == processors)
        #expect(runner.threads(of: "left") == max(1, processors / 2))
    }

    /// Measurements wait for each other and for everything else, and have all processors however many of them wait.
    @Test func aMeasurementHasTheMachineToItself() async throws {
        defer { try? FileManager.default.removeItem(at: directory) }
        let measurements = Graph(stages: (0..<3).map { Self.stage("m\($0)", memory: 1, isMeasurement: true) }, targets: [])
        let runner = GateRunner()
        let outcome = try await build(measurements, runner, Resources(jobs: 3))
        #expect(outcome.ran.count == 3)
        #expect(runner.mostAtOnce == 1)
        let processors = try Self.processors()
        #expect((0..<3).allSatisfy { runner.threads(of: "m\($0)") == processors })

        let mixed = Graph(
            stages: (0..<4).map { Self.stage("s\($0)", memory: 1) } + [Self.stage("measured", memory: 1, isMeasurement: true)],
            targets: [])
        let last = GateRunner()
        #expect(try await build(mixed, last, Resources(jobs: 2, threads: 1)).ran.count == 5)
        #expect(last.ran.last == "measured")
    }

    @Test func whatIsTakenWholeLeavesNothing() {
        var resources = Resources(jobs: 3, threads: 2, memory: 100)
        let some = resources.take(memory: 0, waiting: 1)
        let early = resources.takeAll()
        #expect(some != nil && early == nil)
        if let some { resources.give(back: some) }
        let all = resources.takeAll()
        let beside = resources.take(memory: 0, waiting: 1)
        #expect(all?.threads == 2 && beside == nil)
        if let all { resources.give(back: all) }
        let after = (0..<4).map { _ in resources.take(memory: 30, waiting: 1)?.threads }
        #expect(after == [2, 2, 2, nil])
    }

    @Test func afterAFailureNothingNewStartsUnlessToldTo() async throws {
        for keepsGoing in [false, true] {
            try? FileManager.default.removeItem(at: directory)
            let stages = [
                ExecutorTests.stage("bad", extra: ["fails": true]), ExecutorTests.stage("after", [0]),
                ExecutorTests.stage("beside"),
                ExecutorTests.stage("later", [2]),
            ]
            let graph = Graph(stages: stages, targets: [])
            let executor = Executor(
                store: try Store(at: directory), runner: EchoRunner(), resources: Resources(jobs: 1, threads: 1),
                keepsGoing: keepsGoing)
            let outcome = try await executor.build(graph, targets: graph.ids) { _ in }
            #expect(outcome.failed == ["bad"])
            #expect(outcome.skipped.map(\.index) == [1])
            #expect(outcome.ran == (keepsGoing ? ["beside", "later"] : []))
            #expect(outcome.notStarted.map(\.index) == (keepsGoing ? [] : [2, 3]))
            #expect(!outcome.succeeded)
        }
        try FileManager.default.removeItem(at: directory)
    }

    @Test func aCancelledBuildStopsItsStagesAndKeepsWhatIsDone() async throws {
        defer { try? FileManager.default.removeItem(at: directory) }
        let graph = Graph(
            stages: [Self.stage("a", memory: 1), Self.stage("b", memory: 1, [0]), Self.stage("c", memory: 1, [1])], targets: [])
        let runner = GateRunner()
        _ = try await Executor(store: Store(at: directory), runner: runner).build(graph, targets: [StageID(index: 0)]) { _ in }
        runner.close()
        let events = Mutex<[BuildEvent]>([])
        let build = Task { [directory] in
            try await Executor(store: Store(at: directory), runner: runner).build(graph, targets: graph.ids) { event in
                events.withLock { $0.append(event) }
            }
        }
        try await runner.waitForRunning(1)
        build.cancel()
        let outcome = try await build.value
        #expect(outcome.wasInterrupted)
        #expect(outcome.cached == ["a"])
        #expect(outcome.notStarted.map(\.index) == [1, 2])
        let stopped = events.withLock {
            $0.compactMap { if case .stageStopped(let name, let has) = $0 { "\(name) \(has)" } else { nil } }
        }
        #expect(stopped == ["b true"])
        runner.open()
        #expect(try await self.build(graph, runner, Resources()).ran == ["b", "c"])
    }

    /// Both builds want `a`; the one that comes second takes what the first one made.
    @Test func aStageThatAnotherBuildRunsIsWaitedFor() async throws {
        defer { try? FileManager.default.removeItem(at: directory) }
        let graph = Graph(stages: [Self.stage("a", memory: 1), Self.stage("b", memory: 1, [0])], targets: [])
        let first = GateRunner()
        let second = GateRunner()
        first.close()
        async let one = build(graph, first, Resources())
        try await first.waitForRunning(1)
        async let two = build(graph, second, Resources())
        try await Task.sleep(for: .milliseconds(100))
        #expect(second.running.isEmpty)
        first.open()
        let outcomes = try await [one, two]
        #expect((first.ran + second.ran).sorted() == ["a", "b"])
        #expect(outcomes[1].cached.contains("a"))
        #expect(outcomes[0].results.map { $0?.commit } == outcomes[1].results.map { $0?.commit })
    }

    @Test func aDamagedInputIsPutAsideAndBuiltAgain() async throws {
        defer { try? FileManager.default.removeItem(at: directory) }
        let store = try Store(at: directory)
        let stages = [ExecutorTests.stage("a"), ExecutorTests.stage("b", [0]), ExecutorTests.stage("c", [1])]
        let graph = Graph(stages: stages, targets: [])
        let first = try await Executor(store: store, runner: EchoRunner()).build(graph, targets: [StageID(index: 1)]) { _ in }
        let file = try #require(first.results[1]?.artifact.files.first)
        let object = try #require(store.object(file.digest)).url
        var bytes = try Data(contentsOf: object)
        bytes[0] ^= 4
        try FileManager.default.removeItem(at: object)
        try bytes.write(to: object)
        let events = Mutex<[String]>([])
        let outcome = try await Executor(store: store, runner: EchoRunner()).build(graph, targets: graph.ids) { event in
            if let kind = event.json["event"]?.string { events.withLock { $0.append(kind) } }
        }
        #expect(outcome.succeeded)
        #expect(outcome.ran == ["b", "c"])
        #expect(outcome.results[1]?.commit == first.results[1]?.commit)
        #expect(events.withLock { $0.filter { $0 == "object-discarded" }.count } == 1)
        #expect(try store.check().problems == [])
    }
}
