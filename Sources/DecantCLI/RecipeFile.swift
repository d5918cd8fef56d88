import BuildModel
import Diagnostics
import Foundation
import Planner
import RecipeLanguage

/// A recipe that has been read and has no problems.
struct RecipeFile {
    let text: String
    let recipe: Recipe
    private let source: SourceFile

    /// Reads and checks a recipe; its problems go to standard error.
    init(path: String) throws {
        guard let content = FileManager.default.contents(atPath: path) else {
            throw CommandFailure.badInput("there is no recipe at \(path)")
        }
        source = SourceFile(path: path, bytes: Array(content))
        let reading = RecipeReader.read(source)
        guard let recipe = reading.recipe, reading.diagnostics.isEmpty else {
            throw Self.refusal(of: reading.diagnostics, path: path)
        }
        text = String(decoding: content, as: UTF8.self)
        self.recipe = recipe
    }

    /// Compiles the recipe into its graph.
    ///
    /// - Parameter digest: hashes a source file; a file that cannot be read is a problem of the recipe.
    func graph(digest: (String) throws -> Digest) throws -> Graph {
        let folder = URL(fileURLWithPath: source.path).deletingLastPathComponent()
        var files: [String: SourceSnapshot] = [:]
        var problems: [Diagnostic] = []
        for (name, path) in recipe.sourcePaths {
            let absolute = URL(fileURLWithPath: path.value, relativeTo: folder).standardizedFileURL.path
            var isDirectory: ObjCBool = false
            if FileManager.default.fileExists(atPath: absolute, isDirectory: &isDirectory), !isDirectory.boolValue {
                files[name] = SourceSnapshot(path: absolute, digest: try digest(absolute))
            } else {
                problems.append(.missingSource(path))
            }
        }
        guard problems.isEmpty else { throw Self.refusal(of: problems, path: source.path) }
        return try Planner.graph(of: recipe, sources: files)
    }

    /// Hashes a file without a store.
    static func hashFile(at path: String) throws -> Digest {
        let handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
        defer { try? handle.close() }
        var hasher = DigestHasher()
        while let chunk = try handle.read(upToCount: 1 << 20), !chunk.isEmpty {
            chunk.withUnsafeBytes { hasher.update($0) }
        }
        return hasher.finish()
    }

    private static func refusal(of problems: [Diagnostic], path: String) -> CommandFailure {
        for problem in problems { Console.progress(DiagnosticRenderer.render(problem) + "\n") }
        let count = problems.count == 1 ? "1 problem" : "\(problems.count) problems"
        return .badInput("\(path) has \(count)")
    }
}
