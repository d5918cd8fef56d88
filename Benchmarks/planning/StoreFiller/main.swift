import BuildModel
import Diagnostics
import Executor
import Foundation
import Planner
import RecipeLanguage
import Store

/// Builds a recipe whose stages do nothing: `StoreFiller RECIPE CACHE`. What a no-op build then has to look up is real.
@main struct StoreFiller {
    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 3, let text = FileManager.default.contents(atPath: arguments[1]) else {
            FileHandle.standardError.write(Data("usage: StoreFiller RECIPE CACHE\n".utf8))
            exit(2)
        }
        let reading = RecipeReader.read(SourceText(path: arguments[1], bytes: text))
        guard let recipe = reading.recipe else { throw Failure(description: DiagnosticRenderer.render(reading.diagnostics)) }
        let store = try Store(at: URL(fileURLWithPath: arguments[2], isDirectory: true))
        let folder = URL(fileURLWithPath: arguments[1]).deletingLastPathComponent()
        var snapshots: [String: SourceSnapshot] = [:]
        for source in recipe.sources {
            guard case .path(let path) = source.origin else { continue }
            let file = folder.appending(path: path.value).standardizedFileURL
            snapshots[source.name.value] = SourceSnapshot(
                file: file.lastPathComponent, digest: try store.digest(ofFileAt: file.path), path: file.path)
        }
        let planning = try Planner.plan(recipe, sources: snapshots)
        guard let graph = planning.graph else { throw Failure(description: DiagnosticRenderer.render(planning.diagnostics)) }
        let executor = Executor(store: store, runner: IdleRunner(), resources: Resources(jobs: 2))
        let outcome = try await executor.build(graph, targets: graph.targets.map(\.stage)) { _ in }
        print("\(outcome.ran.count) stages filled in, \(outcome.failed.count) failed")
    }
}

/// Leaves one small file, made of the action, in place of a result.
struct IdleRunner: Runner {
    func run(
        _ workspace: StageWorkspace, threads: Int, onProgress: @escaping @Sendable (StageProgress) -> Void
    ) async throws -> StageExit {
        let action = try Data(contentsOf: workspace.actionFile)
        try Data(Digest(hashing: action).hex.utf8).write(to: workspace.outputs.appending(path: "result.txt"))
        return StageExit(status: 0)
    }
}

struct Failure: Error, CustomStringConvertible {
    var description: String
}
