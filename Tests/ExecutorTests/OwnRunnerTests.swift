import BuildModel
import Executor
import Foundation
import Store
import Synchronization
import TestSupport
import Testing

/// A runner that sends a stage's directory to another place, runs it there, and brings what it gave back: all that a runner on
/// another machine does. It knows nothing but the protocol.
private final class RemoteFolderRunner: Runner {
    private let machine: URL
    private let submissions = Mutex<[[String]]>([])
    /// What each submitted directory held.
    var submitted: [[String]] { submissions.withLock { $0 } }

    init(machine: URL) { self.machine = machine }

    func run(
        _ workspace: StageWorkspace, threads: Int, onProgress: @escaping @Sendable (StageProgress) -> Void
    ) async throws -> StageExit {
        let files = FileManager.default
        let place = machine.appending(path: UUID().uuidString, directoryHint: .isDirectory)
        try files.copyItem(at: workspace.directory, to: place)
        defer { try? files.removeItem(at: place) }
        submissions.withLock { $0.append((try? files.contentsOfDirectory(atPath: place.path).sorted()) ?? []) }
        // The stage: the sizes of its inputs, or exit status 3 where its action asks for that.
        let job = try ProgramRun(
            [
                "sh", "-c",
                #"grep -q '"fails"' action.json && exit 3; cat action.json inputs/*/sum 2>/dev/null | cksum > outputs/sum"#,
            ], in: place)
        onProgress(StageProgress(done: 1, total: 1, unit: "job"))
        try files.removeItem(at: workspace.outputs)
        try files.copyItem(at: place.appending(path: "outputs"), to: workspace.outputs)
        return StageExit(status: job.status)
    }
}

/// A new runner is one file: nothing of the executor changes for it.
@Suite struct OwnRunnerTests {
    private func build(_ stages: [Stage], in folder: TemporaryFolder, _ runner: any Runner) async throws -> BuildOutcome {
        let graph = Graph(stages: stages, targets: [])
        let executor = Executor(store: try Store(at: folder.folder("store")), runner: runner)
        return try await executor.build(graph, targets: graph.ids) { _ in }
    }

    private func stage(_ name: String, _ inputs: [Int] = [], parameter: String = "name") -> Stage {
        Stage(
            name: name, kind: "test", revision: 1, parameters: [parameter: .string(name)],
            inputs: inputs.map { .init(name: "in\($0)", stage: StageID(index: $0)) })
    }

    @Test func aRunnerFromOutsideBuildsAGraph() async throws {
        let folder = TemporaryFolder()
        try FileManager.default.createDirectory(at: folder.folder("machine"), withIntermediateDirectories: true)
        let runner = RemoteFolderRunner(machine: folder.folder("machine"))
        let stages = [stage("a"), stage("b"), stage("c", [0, 1])]
        let outcome = try await build(stages, in: folder, runner)
        #expect(outcome.ran == ["a", "b", "c"])
        #expect(outcome.results.allSatisfy { $0?.artifact.files.map(\.path) == ["sum"] })
        // A stage sees its directory and nothing else.
        #expect(runner.submitted.count == 3)
        #expect(runner.submitted.allSatisfy { Set($0).isSubset(of: ["action.json", "checkpoint", "inputs", "outputs"]) })
        // What one runner built, another one need not run.
        let again = RemoteFolderRunner(machine: folder.folder("machine"))
        #expect(try await build(stages, in: folder, again).cached == ["a", "b", "c"])
        #expect(again.submitted.isEmpty)
    }

    @Test func itsExitStatusIsTheStages() async throws {
        let folder = TemporaryFolder()
        try FileManager.default.createDirectory(at: folder.folder("machine"), withIntermediateDirectories: true)
        let runner = RemoteFolderRunner(machine: folder.folder("machine"))
        let outcome = try await build([stage("a", parameter: "fails"), stage("b", [0])], in: folder, runner)
        #expect(outcome.failed == ["a"])
        #expect(outcome.failures[0]?.reason == "exited with status 3")
        #expect(outcome.skipped.map(\.index) == [1])
    }
}
