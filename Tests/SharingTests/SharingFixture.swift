import BuildModel
import CanonicalJSON
import Foundation
import TestSupport
import Testing

@testable import Sharing
@testable import Store

/// Stores and repositories in a folder that goes with the test.
final class SharingFixture {
    private let folder: TemporaryFolder
    var root: URL { folder.url }

    static let weights = Data((0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 31) })

    init() throws { folder = TemporaryFolder() }

    func place(_ name: String) -> URL { folder.folder(name) }
    func store(_ name: String) throws -> Store { try Store(at: place(name)) }

    /// An empty bare repository.
    func bareRepository(_ name: String = "remote.git") throws -> URL {
        try git("init", "--quiet", "--bare", place(name).path)
        return place(name)
    }

    // MARK: Builds

    func artifact(_ files: [String: Data], in store: Store) throws -> Artifact {
        try store.importDirectory(folder.write(files, below: UUID().uuidString))
    }

    static func dataAction(_ count: Int = 1) -> Action {
        Action(
            kind: "data.generate", revision: 1, parameters: ["count": .integer(Int64(count))], inputs: [], numerics: .portable)
    }

    static func modelAction(_ data: Artifact, steps: Int = 3) -> Action {
        Action(
            kind: "train.sft", revision: 1, parameters: ["steps": .integer(Int64(steps))],
            inputs: [.init(name: "data", artifact: data.digest)], numerics: .portable)
    }

    /// data → model, and a build of both; `seed` decides the weights, `steps` the action.
    @discardableResult
    func build(
        _ recipe: String = "smart-home", in store: Store, steps: Int = 3, seed: UInt8 = 0, text: String = "decant: 1\n",
        signer: (any CommitSigner)? = nil
    ) throws -> (data: CommitID, model: CommitID, build: CommitID) {
        let rows = try artifact(["rows.jsonl": Data("{\"id\":\"a\"}\n".utf8)], in: store)
        let data = try store.record(Self.dataAction(), parents: [], artifact: rows)
        var weights = Self.weights
        weights[0] = seed
        weights[1] = UInt8(steps)
        let trained = try artifact(["config.json": Data("{}\n".utf8), "model.safetensors": weights], in: store)
        let action = Self.modelAction(rows, steps: steps)
        let model = try store.record(action, parents: [data], artifact: trained)
        try store.noteRun(RunNote(started: Date(), seconds: Double(steps)), of: action, commit: model)
        let build = try store.recordBuild(
            BuildRecord(
                recipe: recipe, recipeText: text,
                stages: [.init(name: "data", commit: data), .init(name: "model", commit: model)],
                targets: [(name: "model", commit: model, artifact: trained)], summary: "\(steps) steps"), signer: signer)
        return (data, model, build)
    }

    /// Whether a build would run nothing: both results are there with all their files.
    func holdsBuild(_ store: Store, steps: Int = 3) throws -> Bool {
        guard let rows = try store.result(of: Self.dataAction().key) else { return false }
        return try store.result(of: Self.modelAction(rows, steps: steps).key) != nil
    }

    /// Everything that others may read in a store: refs, git objects, objects, by path.
    func state(of name: String) throws -> [String: Digest] {
        let folder = place(name).appending(path: "lineage.git")
        var state: [String: Digest] = [:]
        for part in ["refs", "objects", "lfs/objects", "packed-refs", "HEAD"] {
            let top = folder.appending(path: part)
            for path in [""] + ((try? FileManager.default.subpathsOfDirectory(atPath: top.path)) ?? []) {
                let file = path.isEmpty ? top : top.appending(path: path)
                if let content = FileManager.default.contents(atPath: file.path) {
                    state["\(part)/\(path)"] = Digest(hashing: content)
                }
            }
        }
        return state
    }

    // MARK: Programs

    @discardableResult
    func git(_ arguments: String..., in folder: URL? = nil, input: Data = Data(), environment: [String: String] = [:]) throws
        -> String
    {
        try git(arguments, in: folder, input: input, environment: environment)
    }

    func python(_ script: String, _ arguments: String...) throws {
        try ProgramRun.output(of: ["python3", "-c", script] + arguments)
    }

    /// Runs git with an environment that knows no configuration of this machine; returns its output without the last line's
    /// end.
    func git(_ arguments: [String], in folder: URL?, input: Data, environment: [String: String]) throws -> String {
        try ProgramRun.output(
            of: ["git"] + arguments, in: folder ?? root, environment: ProgramRun.isolated(home: root, environment),
            input: input,
            mergesErrors: true
        ).trimmingCharacters(in: .newlines)
    }
}

/// The message of the failure that a step ends with.
func failure(_ body: () async throws -> Void) async -> String {
    do {
        try await body()
        return "no failure"
    } catch {
        return "\(error)"
    }
}
