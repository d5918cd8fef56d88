import BuildModel
import Diagnostics
import Files
import Foundation
import Planner
import RecipeLanguage
import Stages
import Store

/// A recipe that has been read and checked, with the lock file beside it.
struct RecipeFile {
    let text: String
    let recipe: Recipe
    let lock: SourceLock?
    let path: String

    /// Reads a recipe. Every problem goes to standard error; errors end the command.
    init(path: String) throws {
        let content = try Self.read(
            path, orRefuse: "there is no recipe at \(path)" + (Lookalike(of: path).map { "; " + $0.words } ?? ""))
        let reading = RecipeReader.read(SourceText(path: path, bytes: content), loading: Self.load)
        try Self.report(reading.diagnostics, of: path)
        guard let recipe = reading.recipe else { throw CommandFailure.badInput("\(path) is no recipe") }
        text = String(decoding: content, as: UTF8.self)
        (self.recipe, self.path) = (recipe, path)
        lock = try Self.readLock(of: path)
    }

    /// `recipes/smart-home.yaml` is locked by `recipes/smart-home.lock`.
    static func lockPath(of recipe: String) -> String {
        let name = URL(fileURLWithPath: recipe).lastPathComponent
        let stem = [".yaml", ".yml"].first(where: name.hasSuffix).map { String(name.dropLast($0.count)) } ?? name
        return String(recipe.dropLast(name.count)) + stem + ".lock"
    }

    private static func readLock(of recipe: String) throws -> SourceLock? {
        let path = lockPath(of: recipe)
        if RegularFile.problem(at: path)?.kind == .missing { return nil }
        let content = try read(path, orRefuse: "there is no lock file at \(path)")
        do {
            return try SourceLock(text: String(decoding: content, as: UTF8.self))
        } catch {
            throw CommandFailure.badInput("\(path) is no lock file: \(error)", hint: "lock \(recipe)")
        }
    }

    /// A file that another one names, by a path relative to its folder.
    private static func load(_ name: String, from source: SourceText) -> SourceText? {
        let path = name.hasPrefix("/") ? name : folder(of: source.path) + name
        guard let content = try? RegularFile.contents(of: path, limit: largest) else {
            if let other = Lookalike(of: tidy(path)) { Console.progress("note: \(other.words)") }
            return nil
        }
        return SourceText(path: tidy(path), bytes: content)
    }

    /// Bytes of a recipe or a lock file.
    private static let largest = 64 << 20

    private static func read(_ path: String, orRefuse missing: String) throws -> [UInt8] {
        do throws(FileProblem) {
            return try RegularFile.contents(of: path, limit: largest)
        } catch {
            throw CommandFailure.unreadable(path, error, missing: missing)
        }
    }

    /// With its slash; empty for a file of the working directory.
    private static func folder(of path: String) -> String {
        path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
    }

    /// How messages name a file that a recipe names.
    static func shownPath(_ name: String, from source: SourceText) -> String {
        tidy(name.hasPrefix("/") ? name : folder(of: source.path) + name)
    }

    /// Without `.` and `..` where they lead nowhere, so that one file has one path.
    private static func tidy(_ path: String) -> String {
        var parts: [Substring] = []
        for part in path.split(separator: "/") where part != "." {
            if part == "..", let last = parts.last, last != ".." { parts.removeLast() } else { parts.append(part) }
        }
        return (path.hasPrefix("/") ? "/" : "") + parts.joined(separator: "/")
    }

    var name: String { recipe.name.value }

    /// What the recipe's text alone does not say: its lock, and the recipes that it extends, by file names of their own.
    var companions: [String: String] {
        var files: [String: String] = [:]
        if let lock { files["recipe.lock"] = lock.text }
        for (index, base) in recipe.bases.enumerated() {
            files["extends-\(index + 1).yaml"] = String(decoding: base.bytes, as: UTF8.self)
        }
        return files
    }

    /// Compiles the recipe into its graph, with files that a store's index may know.
    func graph(in store: Store) throws -> Graph {
        try graph(lookingUp: store) { try store.digest(ofFileAt: $0) }
    }

    /// Compiles the recipe into its graph.
    ///
    /// - Parameters:
    ///   - store: may know what the files of the data say.
    ///   - digest: hashes a source file.
    func graph(lookingUp store: Store? = nil, digest: (String) throws -> Digest) throws -> Graph {
        try planned(lookingUp: store, digest: digest).graph
    }

    /// The graph, and what the files of the data say. Every problem goes to standard error; errors end the command.
    ///
    /// - Parameter further: what else is found in the graph.
    func planned(
        lookingUp store: Store? = nil, digest: (String) throws -> Digest, further: (Graph) -> [Diagnostic] = { _ in [] }
    ) throws -> (graph: Graph, data: DataCheck) {
        let (files, lookalikes) = try snapshots(digest: digest)
        let data = DataCheck(of: recipe, files: files, in: store)
        let planning = try Planner.plan(
            recipe.knowing(data.sets), sources: files, lookalikes: lookalikes, lock: lock,
            models: SourceModels(of: recipe, files: files, lock: lock, in: store).known, rows: data.rows,
            processor: .ofThisMachine)
        let findings = planning.diagnostics + data.findings + (planning.graph.map(further) ?? [])
        try Self.report(findings.sortedByPosition(), of: path)
        guard let graph = planning.graph else { throw CommandFailure.badInput("\(path) cannot be planned") }
        // Each target is a folder of the build's commit.
        if let fault = FileNames.fault(in: graph.targets.map(\.name)) {
            throw CommandFailure.badInput("\(path) has targets that cannot stand in one build: \(fault)")
        }
        return (graph, data)
    }

    /// The files of `path` sources by the sources' names, and what is there in place of those that are missing.
    private func snapshots(
        digest: (String) throws -> Digest
    ) throws -> (files: [String: SourceSnapshot], lookalikes: [String: String]) {
        var files: [String: SourceSnapshot] = [:]
        var lookalikes: [String: String] = [:]
        for source in recipe.sources {
            guard case .path(let path) = source.origin else { continue }
            let folder = URL(fileURLWithPath: path.span.source.path).deletingLastPathComponent()
            let file = URL(fileURLWithPath: path.value, relativeTo: folder).standardizedFileURL
            if let pinned = source.sha256.flatMap({ Digest(hex: $0.value) }) {
                // The store may hold it already; the build looks.
                files[source.name.value] = SourceSnapshot(file: file.lastPathComponent, digest: pinned, path: file.path)
                continue
            }
            if let problem = RegularFile.problem(at: file.path) {
                guard problem.kind == .missing || problem.kind == .folder else {
                    throw CommandFailure.badInput("the source '\(source.name.value)' cannot be read: \(problem)")
                }
                if problem.kind == .folder, let folder = try SourceFolderFiles.snapshot(of: file.path, digest: digest) {
                    files[source.name.value] = folder
                    continue
                }
                lookalikes[source.name.value] = Lookalike(of: file.path)?.words
                continue
            }
            files[source.name.value] = SourceSnapshot(
                file: file.lastPathComponent, digest: try digest(file.path), path: file.path)
        }
        return (files, lookalikes)
    }

    /// Hashes a file without a store.
    static func hash(fileAt path: String) throws -> Digest {
        let file = try RegularFile(path)
        let handle = FileHandle(fileDescriptor: file.descriptor, closeOnDealloc: false)
        var hasher = DigestHasher()
        while let chunk = try handle.read(upToCount: 1 << 20), !chunk.isEmpty {
            chunk.withUnsafeBytes { hasher.update($0) }
        }
        return hasher.finish()
    }

    /// Every problem goes to standard error; errors end the command.
    static func report(_ problems: [Diagnostic], of path: String) throws {
        if !problems.isEmpty { Console.progress(DiagnosticRenderer.render(problems)) }
        guard problems.hasErrors else { return }
        let errors = problems.count { $0.severity == .error }
        throw CommandFailure.badInput("\(path) has \(errors == 1 ? "1 error" : "\(errors) errors")")
    }
}
