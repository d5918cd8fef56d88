import BuildModel
import CanonicalJSON
import Foundation
import Store
import Synchronization
import Testing
import TestSupport

@testable import Executor

/// Runs stages in this process: each writes its parameters and its inputs' texts into one file.
final class EchoRunner: Runner {
    private let started = Mutex<[String]>([])
    var ran: [String] { started.withLock { $0 } }

    func run(
        _ workspace: StageWorkspace, threads: Int, onProgress: @escaping @Sendable (StageProgress) -> Void
    ) async throws -> StageExit {
        let action = try Action(encoding: JSON(parsing: Data(contentsOf: workspace.actionFile)))
        let name = action.parameters["name"]?.string ?? ""
        started.withLock { $0.append(name) }
        onProgress(StageProgress(done: 1, total: 1, unit: "step"))
        if action.parameters["fails"] != nil {
            try Data("first line\nboom\n".utf8).write(to: workspace.log)
            return StageExit(status: 1)
        }
        // A stage with `ignores` reads nothing of its inputs: its bytes stay when they change.
        var text = action.parameters["ignores"] == nil ? action.parameters.canonicalText : ""
        for input in action.inputs where action.parameters["ignores"] == nil {
            text += try String(contentsOf: workspace.input(input.name).appending(path: "out.txt"), encoding: .utf8)
        }
        // A small text would stand in git as well, and come back from there when its object is lost.
        try Data((text + "\0").utf8).write(to: workspace.outputs.appending(path: "out.txt"))
        return StageExit(status: 0)
    }
}

@Suite struct ExecutorTests {
    private let temporary = TemporaryFolder()
    var directory: URL { temporary.url }

    static func stage(_ name: String, _ inputs: [Int] = [], extra: [String: JSON] = [:]) -> Stage {
        Stage(
            name: name, kind: "test", revision: 1,
            parameters: .object(extra.merging(["name": .string(name)], uniquingKeysWith: { first, _ in first })),
            inputs: inputs.enumerated().map { .init(name: "in\($0.offset)", stage: StageID(index: $0.element)) })
    }

    /// Builds in the suite's store and returns the outcome, the events in short, and what the runner ran.
    func build(
        _ stages: [Stage], jobs: Int = 1, keepsGoing: Bool = false
    ) async throws -> (outcome: BuildOutcome, ran: [String], events: [String]) {
        let runner = EchoRunner()
        let executor = Executor(
            store: try Store(at: directory), runner: runner, resources: Resources(jobs: jobs, threads: 1),
            keepsGoing: keepsGoing)
        let events = Mutex<[String]>([])
        let graph = Graph(stages: stages, targets: [])
        let outcome = try await executor.build(graph, targets: graph.ids) { event in
            if let name = event.json["stage"]?.string, let kind = event.json["event"]?.string, kind != "stage-progressed" {
                events.withLock { $0.append("\(kind) \(name)") }
            }
        }
        return (outcome, runner.ran, events.withLock { $0 })
    }

    @Test func aSecondBuildRunsNothingAndGivesTheSameCommits() async throws {
        defer { try? FileManager.default.removeItem(at: directory) }
        let stages = [Self.stage("a"), Self.stage("b", [0]), Self.stage("c", [0, 1])]
        let first = try await build(stages)
        let second = try await build(stages)
        #expect(first.ran == ["a", "b", "c"])
        #expect(second.ran == [])
        #expect(second.outcome.cached == ["a", "b", "c"])
        #expect(first.outcome.results.map { $0?.commit } == second.outcome.results.map { $0?.commit })
    }

    @Test func equalBytesStopARebuild() async throws {
        defer { try? FileManager.default.removeItem(at: directory) }
        let stages = { (version: JSON) in
            [
                Self.stage("a", extra: ["version": version]), Self.stage("b", [0], extra: ["ignores": true]),
                Self.stage("c", [1]),
            ]
        }
        let first = try await build(stages(1))
        let second = try await build(stages(2))
        #expect(second.ran == ["a", "b"])
        #expect(second.outcome.cached == ["c"])
        // The same action, but made another way: its commit says so.
        #expect(first.outcome.results[2]?.key == second.outcome.results[2]?.key)
        #expect(first.outcome.results[2]?.commit != second.outcome.results[2]?.commit)
    }

    @Test func aFailedStageSkipsItsDependantsAndTheRestIsFinished() async throws {
        defer { try? FileManager.default.removeItem(at: directory) }
        let result = try await build(
            [
                Self.stage("a"), Self.stage("bad", [0], extra: ["fails": true]), Self.stage("after", [1]),
                Self.stage("beside", [0]),
            ], keepsGoing: true)
        #expect(result.outcome.failed == ["bad"])
        #expect(result.outcome.skipped.map(\.index) == [2])
        #expect(result.outcome.ran == ["a", "beside"])
        #expect(result.outcome.failures[1]?.logTail == ["first line", "boom"])
        #expect(result.events.contains("stage-skipped after"))
        #expect(!result.outcome.succeeded)
    }

    @Test func resultsDoNotDependOnTheNumberOfJobs() async throws {
        defer { try? FileManager.default.removeItem(at: directory) }
        let stages = [Self.stage("a")] + (0..<12).map { Self.stage("s\($0)", [0]) } + [Self.stage("z", Array(1...12))]
        let serial = try await build(stages)
        try FileManager.default.removeItem(at: directory)
        let parallel = try await build(stages, jobs: 4)
        #expect(serial.outcome.results.map { $0?.commit } == parallel.outcome.results.map { $0?.commit })
    }

    /// Two stages become the same action when their inputs turn out equal.
    @Test func anActionNeverRunsTwiceAtOnce() async throws {
        defer { try? FileManager.default.removeItem(at: directory) }
        let twin = { (input: Int) in
            Stage(
                name: "twin\(input)", kind: "test", revision: 1, parameters: ["name": "twin"],
                inputs: [.init(name: "in0", stage: StageID(index: input))])
        }
        let same: [String: JSON] = ["ignores": true]
        let result = try await build([Self.stage("a", extra: same), Self.stage("b", extra: same), twin(0), twin(1)], jobs: 4)
        #expect(result.ran.sorted() == ["a", "b", "twin"])
        #expect(result.outcome.succeeded)
        #expect(result.outcome.results[2]?.artifact == result.outcome.results[3]?.artifact)
    }

    @Test func aSourceFileIsTakenOnceAndAChangedOneIsRefused() async throws {
        defer { try? FileManager.default.removeItem(at: directory) }
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let file = directory.appending(path: "rows.txt")
        let store = directory.appending(path: "store")
        try Data("one".utf8).write(to: file)
        let source = Stage(
            name: "source.rows", kind: "source.file", revision: 1,
            parameters: ["file": "rows.txt", "sha256": .string(Digest(hashing: "one").hex)],
            fixedOutput: FixedOutput(files: [.init(path: "rows.txt", digest: Digest(hashing: "one"))], origin: .path(file.path))
        )
        let graph = Graph(stages: [source], targets: [])
        let executor = Executor(store: try Store(at: store), runner: EchoRunner())
        let outcome = try await executor.build(graph, targets: graph.ids) { _ in }
        #expect(outcome.results[0]?.artifact["rows.txt"]?.digest == Digest(hashing: "one"))
        try Data("two".utf8).write(to: file)
        #expect(try await executor.build(graph, targets: graph.ids) { _ in }.cached == ["source.rows"])
        try FileManager.default.removeItem(at: store)
        await #expect(throws: SourceChanged.self) {
            try await Executor(store: Store(at: store), runner: EchoRunner()).build(graph, targets: graph.ids) { _ in }
        }
    }

    /// Gives a small file for every source.
    private final class CountingFetcher: SourceFetcher {
        private let count = Mutex(0)
        var fetches: Int { count.withLock { $0 } }

        func fetch(_ source: FixedOutput, into store: Store) async throws -> Artifact {
            count.withLock { $0 += 1 }
            throw SourceGone()
        }
    }

    private struct SourceGone: Error, CustomStringConvertible {
        var description: String { "the source is gone" }
    }

    @Test func objectsThatTheStoreHoldsNeedNoFetch() async throws {
        defer { try? FileManager.default.removeItem(at: directory) }
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let store = try Store(at: directory.appending(path: "store"))
        let file = directory.appending(path: "copy")
        for text in ["one", "two"] {
            try Data(text.utf8).write(to: file)
            _ = try store.importFile(at: file.path)
        }
        func build(_ pinned: [String: String], _ fetcher: (any SourceFetcher)?) async throws -> BuildOutcome {
            let files = pinned.map { FixedOutput.File(path: $0.key, digest: Digest(hashing: $0.value)) }
            let pins = files.map { ["path": .string($0.path), "sha256": .string($0.digest.hex)] as JSON }
            let stage = Stage(
                name: "source.x", kind: "source.test", revision: 1, parameters: ["files": .array(pins)],
                fixedOutput: FixedOutput(files: files, origin: .url("http://x/all.zip", members: ["*"])))
            let graph = Graph(stages: [stage], targets: [])
            return try await Executor(store: store, runner: EchoRunner(), fetcher: fetcher).build(graph, targets: graph.ids) {
                _ in
            }
        }
        let fetcher = CountingFetcher()
        #expect(try await build(["a": "one", "b": "two"], fetcher).results[0]?.artifact.files.count == 2)
        #expect(fetcher.fetches == 0)
        #expect(try await build(["a": "three"], fetcher).failures[0]?.reason == "the source is gone")
        #expect(try await build(["a": "four"], nil).failures[0]?.reason == "this build fetches no sources")
    }

    @Test func aPlanNamesTheFieldThatMakesAStageStale() async throws {
        defer { try? FileManager.default.removeItem(at: directory) }
        let stages = { (ratio: JSON) in
            let plain = Self.stage("pruned", [0], extra: ["ratio": ratio])
            let pruned = Stage(
                name: plain.name, kind: plain.kind, revision: plain.revision, parameters: plain.parameters,
                inputs: plain.inputs,
                origins: [Origin(parameter: "ratio", field: "prune.ratio", file: "r.yaml", line: 3, column: 9)])
            return [Self.stage("a"), pruned, Self.stage("after", [1])]
        }
        let before = try await build(stages(0.2)).outcome
        let store = try Store(at: directory)
        let last: JSON = [
            "stages": .array(before.record.map { ["name": .string($0.name), "commit": .string($0.commit.hex)] })
        ]
        let plan = try BuildPlan(of: Graph(stages: stages(0.3), targets: []), in: store, previous: last)
        #expect(plan.entries.map(\.state) == [.cached, .stale, .unknown])
        let why = try #require(plan.json(recipe: "r")["stages"]?[1]?["why"]?[0])
        #expect(why["field"] == "prune.ratio")
        #expect(why["line"] == 3)
        #expect(why["old"] == 0.2)
        #expect(why["new"] == 0.3)
    }

    /// The explanation is read off the bytes that the key is the digest of: either both change or neither.
    @Test func keyAndExplanationCannotDriftApart() throws {
        var random = SystemRandomNumberGenerator()
        func value() -> JSON {
            [.integer(.random(in: 0...2, using: &random)), "a\"b\\", ["x": 0.5], .null].randomElement(using: &random) ?? 1
        }
        func digest() -> Digest { Digest(hashing: "\(Int.random(in: 0...2, using: &random))") }
        func action() -> (Action, Graph) {
            let names = ["in", "ünï \"quoted\""].prefix(Int.random(in: 0...2, using: &random))
            let sources = names.map { Self.stage("source \($0)") }
            let stage = Stage(
                name: "stage", kind: Bool.random() ? "kind" : "other", revision: .random(in: 1...2, using: &random),
                parameters: Bool.random() ? ["a": value(), "b": ["c": value()]] : ["b": ["c": value()]],
                inputs: names.enumerated().map { .init(name: $1, stage: StageID(index: $0)) })
            return (Action(stage: stage, artifacts: names.map { _ in digest() }), Graph(stages: sources + [stage], targets: []))
        }
        var changed = 0
        for _ in 0..<3000 {
            let (old, (new, graph)) = (action().0, action())
            #expect(new.encoding.canonicalBytes == new.canonicalBytes)
            #expect(try Action(encoding: new.encoding) == new)
            let stage = try #require(graph.stages.last)
            let reasons = Explanation(stage: stage, graph: graph).reasons(from: old.encoding, to: new.encoding)
            #expect(reasons.isEmpty == (old.key == new.key))
            changed += reasons.isEmpty ? 0 : 1
        }
        #expect((1000..<3000).contains(changed))
    }
}
