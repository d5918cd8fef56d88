import BuildModel
import Diagnostics
import Executor
import Foundation
import Planner
import RecipeLanguage
import Store
import Testing

/// A store in which a recipe has been built by stages that do nothing but differ wherever their actions do: what a plan then
/// holds to be out of date is exactly what an edit touches.
final class Workshop {
    let store: Store
    private let folder: URL

    init() throws {
        folder = URL.temporaryDirectory.appending(path: "decant-rebuild-\(UUID().uuidString)", directoryHint: .isDirectory)
        store = try Store(at: folder)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    /// Reads and plans a recipe. A source's bytes are its path, and what `contents` has for it.
    func graph(_ text: String, contents: [String: String] = [:], lock: SourceLock? = nil) throws -> Graph {
        let reading = RecipeReader.read(SourceText(path: "recipe.yaml", text: text))
        let recipe = try #require(reading.recipe, "\(DiagnosticRenderer.render(reading.diagnostics))")
        var snapshots: [String: SourceSnapshot] = [:]
        for source in recipe.sources {
            guard case .path(let path) = source.origin else { continue }
            let name = source.name.value
            let file = folder.appending(path: "source-\(name)-\(contents[name] ?? "")")
            try Data((contents[name] ?? path.value).utf8).write(to: file)
            snapshots[name] = SourceSnapshot(
                file: path.value, digest: try store.importFile(at: file.path).digest, path: file.path)
        }
        let planning = try Planner.plan(recipe, sources: snapshots, lock: lock)
        return try #require(planning.graph, "\(DiagnosticRenderer.render(planning.diagnostics))")
    }

    func build(_ graph: Graph) async throws -> [String] {
        let executor = Executor(store: store, runner: EchoRunner(), fetcher: EchoFetcher(), resources: Resources(jobs: 2))
        let outcome = try await executor.build(graph, targets: graph.targets.map(\.stage)) { _ in }
        #expect(outcome.failed == [])
        return outcome.ran
    }

    /// The stages that a build would run.
    func outOfDate(_ graph: Graph) throws -> Set<String> {
        let plan = try BuildPlan(of: graph, in: store, previous: nil)
        return Set(plan.entries.filter { $0.state != .cached }.map { graph[$0.id].name })
    }
}

/// Leaves the action's key in place of a result.
struct EchoRunner: Runner {
    func run(
        _ workspace: StageWorkspace, threads: Int, onProgress: @escaping @Sendable (StageProgress) -> Void
    ) async throws -> StageExit {
        let action = try Data(contentsOf: workspace.actionFile)
        try Data(Digest(hashing: action).hex.utf8).write(to: workspace.outputs.appending(path: "result.txt"))
        return StageExit(status: 0)
    }
}

/// Gives the bytes `published` for whatever is fetched.
struct EchoFetcher: SourceFetcher {
    func fetch(_ source: FixedOutput, into store: Store) async throws -> Artifact {
        let file = URL.temporaryDirectory.appending(path: "decant-published-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: file) }
        try Data("published".utf8).write(to: file)
        let imported = try store.importFile(at: file.path)
        return Artifact(files: source.files.map { .init(path: $0.path, size: imported.size, digest: imported.digest) })
    }
}
