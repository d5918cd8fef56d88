import BuildModel
import Diagnostics
import Foundation
import Planner
import RecipeLanguage

/// A recipe that has been read and checked.
struct RecipeFile {
    let text: String
    let recipe: Recipe
    private let path: String

    /// Reads a recipe. Every problem goes to standard error; errors end the command.
    init(path: String) throws {
        guard let content = FileManager.default.contents(atPath: path) else {
            throw CommandFailure.badInput("there is no recipe at \(path)")
        }
        let reading = RecipeReader.read(SourceText(path: path, bytes: content))
        try Self.report(reading.diagnostics, of: path)
        guard let recipe = reading.recipe else { throw CommandFailure.badInput("\(path) is no recipe") }
        text = String(decoding: content, as: UTF8.self)
        self.recipe = recipe
        self.path = path
    }

    var name: String { recipe.name.value }

    /// Compiles the recipe into its graph.
    ///
    /// - Parameter digest: hashes a source file.
    func graph(digest: (String) throws -> Digest) throws -> Graph {
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent()
        var files: [String: SourceSnapshot] = [:]
        for source in recipe.sources {
            guard case .path(let path) = source.origin else { continue }
            let file = URL(fileURLWithPath: path.value, relativeTo: folder).standardizedFileURL
            var isDirectory: ObjCBool = false
            guard FileManager.default.fileExists(atPath: file.path, isDirectory: &isDirectory), !isDirectory.boolValue
            else { continue }
            files[source.name.value] = SourceSnapshot(
                file: file.lastPathComponent, digest: try digest(file.path), path: file.path)
        }
        let planning = try Planner.plan(recipe, sources: files)
        try Self.report(planning.diagnostics, of: path)
        guard let graph = planning.graph else { throw CommandFailure.badInput("\(path) cannot be planned") }
        return graph
    }

    /// Hashes a file without a store.
    static func hash(fileAt path: String) throws -> Digest {
        let handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
        defer { try? handle.close() }
        var hasher = DigestHasher()
        while let chunk = try handle.read(upToCount: 1 << 20), !chunk.isEmpty {
            chunk.withUnsafeBytes { hasher.update($0) }
        }
        return hasher.finish()
    }

    private static func report(_ problems: [Diagnostic], of path: String) throws {
        if !problems.isEmpty { Console.progress(DiagnosticRenderer.render(problems)) }
        guard problems.hasErrors else { return }
        let errors = problems.count { $0.severity == .error }
        throw CommandFailure.badInput("\(path) has \(errors == 1 ? "1 error" : "\(errors) errors")")
    }
}
