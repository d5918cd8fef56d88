import BuildModel
import CanonicalJSON
import Foundation
import Store
import Testing

/// A store in a directory of its own, which goes with the test.
final class StoreFixture {
    let root = URL.temporaryDirectory.appending(path: "decant-store-\(UUID().uuidString)", directoryHint: .isDirectory)
    let store: Store

    var cache: URL { root.appending(path: "cache", directoryHint: .isDirectory) }
    var repository: URL { cache.appending(path: "lineage.git", directoryHint: .isDirectory) }

    init() throws {
        store = try Store(at: root.appending(path: "cache", directoryHint: .isDirectory))
    }

    deinit { try? FileManager.default.removeItem(at: root) }

    /// An artifact of the given files.
    func artifact(_ files: [String: Data]) throws -> Artifact {
        let folder = root.appending(path: UUID().uuidString, directoryHint: .isDirectory)
        for (path, content) in files {
            let file = folder.appending(path: path)
            try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try content.write(to: file)
        }
        return try store.importDirectory(folder)
    }

    static let weights = Data((0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 31) })

    /// data → model, with a text and a binary file.
    func recordPair() throws -> (data: CommitID, model: CommitID, artifact: Artifact) {
        let rows = try artifact(["rows.jsonl": Data("{\"id\":\"a\"}\n".utf8)])
        let first = Action(kind: "data.generate", revision: 1, parameters: ["count": 1], inputs: [], numerics: .portable)
        let data = try store.record(first, parents: [], artifact: rows)
        let trained = try artifact(["config.json": Data("{}\n".utf8), "model.safetensors": Self.weights])
        let second = Action(
            kind: "train.sft", revision: 1, parameters: ["steps": 3], inputs: [.init(name: "data", artifact: rows.digest)],
            numerics: .portable)
        return (data, try store.record(second, parents: [data], artifact: trained), trained)
    }

    func recordBuild(summary: String = "2 ran") throws -> CommitID {
        let pair = try recordPair()
        return try store.recordBuild(
            BuildRecord(
                recipe: "smart-home", recipeText: "decant: 1\n", stages: [],
                targets: [.init(name: "model", commit: pair.model, artifact: pair.artifact)], summary: summary))
    }

    /// Runs a program with an environment that knows no configuration of this machine; returns its output.
    @discardableResult
    func run(_ program: String, _ arguments: String..., in folder: URL? = nil) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [program] + arguments
        process.currentDirectoryURL = folder ?? root
        process.environment = [
            "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin", "HOME": root.path,
            "GIT_CONFIG_GLOBAL": root.appending(path: "gitconfig").path, "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C",
        ]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "\(program) \(arguments.joined(separator: " ")): \(text)")
        return text
    }

    /// Runs a Python program; returns its output.
    static func python(_ script: String, _ arguments: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", "-c", script] + arguments
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
        return text
    }
}
