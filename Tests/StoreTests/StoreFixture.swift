import BuildModel
import CanonicalJSON
import Foundation
import Store
import TestSupport
import Testing

/// A store in a directory of its own, which goes with the test.
final class StoreFixture {
    private let place: TemporaryFolder
    var root: URL { place.url }
    let store: Store

    var cache: URL { root.appending(path: "cache", directoryHint: .isDirectory) }
    var repository: URL { cache.appending(path: "lineage.git", directoryHint: .isDirectory) }

    init() throws {
        place = TemporaryFolder()
        store = try Store(at: place.folder("cache"))
    }

    /// An artifact of the given files.
    func artifact(_ files: [String: Data], in store: Store? = nil) throws -> Artifact {
        try (store ?? self.store).importDirectory(place.write(files, below: UUID().uuidString))
    }

    static let weights = Data((0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 31) })

    /// data → model, with a text and a binary file.
    func recordPair(in place: Store? = nil) throws -> (data: CommitID, model: CommitID, artifact: Artifact) {
        let store = place ?? self.store
        let rows = try artifact(["rows.jsonl": Data("{\"id\":\"a\"}\n".utf8)], in: store)
        let first = Action(kind: "data.generate", revision: 1, parameters: ["count": 1], inputs: [], numerics: .portable)
        let data = try store.record(first, parents: [], artifact: rows)
        let trained = try artifact(["config.json": Data("{}\n".utf8), "model.safetensors": Self.weights], in: store)
        let second = Action(
            kind: "train.sft", revision: 1, parameters: ["steps": 3], inputs: [.init(name: "data", artifact: rows.digest)],
            numerics: .portable)
        return (data, try store.record(second, parents: [data], artifact: trained), trained)
    }

    func recordBuild(summary: String = "2 ran", in place: Store? = nil) throws -> CommitID {
        let pair = try recordPair(in: place)
        return try (place ?? store).recordBuild(
            BuildRecord(
                recipe: "smart-home", recipeText: "decant: 1\n", stages: [],
                targets: [(name: "model", commit: pair.model, artifact: pair.artifact)], summary: summary))
    }

    /// Runs a program with an environment that knows no configuration of this machine; returns its output.
    @discardableResult
    func run(_ program: String, _ arguments: String..., in folder: URL? = nil) throws -> String {
        try ProgramRun.output(
            of: [program] + arguments, in: folder ?? root, environment: ProgramRun.isolated(home: root), mergesErrors: true)
    }

    /// Runs a Python program; returns its output.
    static func python(_ script: String, _ arguments: [String]) throws -> String {
        try ProgramRun.output(of: ["python3", "-c", script] + arguments)
    }
}
