import BuildModel
import CanonicalJSON
import Executor
import Foundation
import TestSupport
import Testing

@testable import Sharing
@testable import Store

/// A result that is recorded for a source and is not what the source pins.
struct Forgery: CustomTestStringConvertible, Sendable {
    let action: Action
    let files: [String: Data]
    let name: String
    var testDescription: String { "\(action.kind): \(name)" }

    static let rows = Data("{\"id\":\"a\"}\n".utf8)
    static let model = Data((0..<70_000).map { UInt8(truncatingIfNeeded: $0 &* 13) })

    static let kinds = ["source.file", "source.http", "source.pypi", "source.git", "source.huggingface"]

    static func honest(_ kind: String) -> (action: Action, files: [String: Data]) {
        let files = kind == "source.file" ? ["rows.jsonl": rows] : ["data/rows.jsonl": rows, "model.bin": model]
        let pins = files.sorted { $0.key < $1.key }.map { ($0.key, Digest(hashing: $0.value).hex) }
        let parameters: JSON =
            kind == "source.file"
            ? ["file": .string(pins[0].0), "sha256": .string(pins[0].1)]
            : ["files": .array(pins.map { ["path": .string($0.0), "sha256": .string($0.1)] })]
        return (Action(kind: kind, revision: 1, parameters: parameters, inputs: [], numerics: .portable), files)
    }

    /// Other bytes under each name, names that are others, too many and too few files, exchanged contents, no pins.
    static func all(of kind: String) -> [Forgery] {
        let (action, files) = honest(kind)
        var forgeries: [Forgery] = []
        func add(_ name: String, action other: Action? = nil, _ change: (inout [String: Data]) -> Void = { _ in }) {
            var changed = files
            change(&changed)
            forgeries.append(Forgery(action: other ?? action, files: changed, name: name))
        }
        for path in files.keys.sorted() {
            add("another byte in \(path)") { $0[path]?[3] ^= 1 }
            add("a byte more in \(path)") { $0[path]?.append(10) }
            add("no byte in \(path)") { $0[path] = Data() }
            add("\(path) under another name") { $0["x-" + path] = $0.removeValue(forKey: path) }
        }
        add("a file more") { $0["more.txt"] = Data("more\n".utf8) }
        if files.count > 1 {
            add("a file less") { $0["model.bin"] = nil }
            add("exchanged contents") { ($0["model.bin"], $0["data/rows.jsonl"]) = ($0["data/rows.jsonl"], $0["model.bin"]) }
        }
        var unpinned = action
        unpinned.parameters = ["file": "rows.jsonl"]
        add("an action without a pin", action: unpinned)
        return forgeries
    }

    static let everything = kinds.flatMap { all(of: $0) }
    static let oneOfEachKind = kinds.map { all(of: $0)[0] }
}

/// A store that someone forged: past every check that `record` makes.
private struct ForgedStore {
    let fixture: SharingFixture
    let store: Store
    let artifact: Artifact
    let commit: CommitID

    init(_ forgery: Forgery, in name: String = "forged") throws {
        fixture = try SharingFixture()
        store = try fixture.store(name)
        try fixture.build(in: store)
        artifact = try fixture.artifact(forgery.files, in: store)
        commit = try Self.plant(forgery.action, artifact, in: store)
        _ = try store.recordBuild(
            BuildRecord(
                recipe: "forged", recipeText: "decant: 1\n", stages: [.init(name: "source.rows", commit: commit)],
                targets: [(name: "rows", commit: commit, artifact: artifact)], summary: "1 ran"))
    }

    static func plant(_ action: Action, _ artifact: Artifact, in store: Store) throws -> CommitID {
        let repository = try store.openRepository()
        let commit = try StageCommit.write(
            action, parents: [], artifact: artifact, objects: store.objects, repository: repository)
        #expect(try repository.createReference(StageCommit.reference(for: action.key), to: commit))
        return commit
    }

    var remote: String { fixture.place("forged/lineage.git").path }
}

/// Nobody can replace the bytes of a source that its action pins: not by any way into a store, and not in it.
@Suite struct PinnedSourceTests {
    private static let reasons = ["pins", "it does not pin"]
    /// Names of the forgeries.
    static let planted = Forgery.everything.map(\.testDescription)

    private func expectRefusal(_ text: String, _ forgery: Forgery) {
        #expect(text.contains(forgery.action.kind) && Self.reasons.contains { text.contains($0) }, "\(text)")
    }

    @Test(arguments: Forgery.everything)
    func aForgedSourceIsNotCloned(_ forgery: Forgery) async throws {
        let forged = try ForgedStore(forgery)
        let ours = try forged.fixture.store("ours")
        let before = try forged.fixture.state(of: "ours")
        let text = await failure { _ = try await ours.pull(.everything, from: Remote(forged.remote, for: ours)) }
        expectRefusal(text, forgery)
        #expect(try forged.fixture.state(of: "ours") == before)
    }

    @Test(arguments: Forgery.oneOfEachKind)
    func aForgedSourceIsNotPulledWithARecipe(_ forgery: Forgery) async throws {
        let forged = try ForgedStore(forgery)
        let ours = try forged.fixture.store("ours")
        let text = await failure { _ = try await ours.pull(.recipes(["forged"]), from: Remote(forged.remote, for: ours)) }
        expectRefusal(text, forgery)
        _ = try await ours.pull(.recipes(["smart-home"]), from: Remote(forged.remote, for: ours))
        #expect(try ours.check().problems == [])
    }

    @Test(arguments: Forgery.oneOfEachKind)
    func aForgedSourceIsNotTakenByABuild(_ forgery: Forgery) async throws {
        let forged = try ForgedStore(forgery)
        let ours = try forged.fixture.store("ours")
        let warnings = Warnings()
        let cache = try await RemoteCache(Remote(forged.remote, for: ours), for: ours) { warnings.add($0) }
        #expect(await cache.result(of: forgery.action.key) == nil)
        expectRefusal(warnings.all.joined(separator: "\n"), forgery)
        #expect(try ours.result(of: forgery.action.key) == nil)
    }

    /// Git itself brings what nobody has checked.
    @Test(arguments: Forgery.oneOfEachKind)
    func aForgedSourceThatGitBringsIsNotUsed(_ forgery: Forgery) throws {
        let forged = try ForgedStore(forgery)
        let place = forged.fixture.place("ours/lineage.git")
        do { _ = try forged.fixture.store("ours") }
        try forged.fixture.git("fetch", forged.remote, "refs/heads/forged:refs/heads/forged", in: place)
        let ours = try forged.fixture.store("ours")
        for file in forged.artifact.files { _ = try ours.objects.importText([UInt8](forged.store.readObject(file.digest))) }
        let again = try forged.fixture.store("ours")
        #expect(try again.result(of: forgery.action.key) == nil)
        #expect(try again.check().problems.contains { if case .replacedSource = $0 { true } else { false } })
    }

    @Test(arguments: Forgery.everything)
    func aForgedSourceInTheStoreIsFoundAndNotUsed(_ forgery: Forgery) async throws {
        let forged = try ForgedStore(forgery)
        let store = forged.store
        #expect(try store.result(of: forgery.action) == nil)
        let problems = try store.check().problems
        #expect(problems.contains { if case .replacedSource(_, forged.commit, _) = $0 { true } else { false } }, "\(problems)")
        // `verify` finds it without the network.
        let record = try #require(try store.stageCommit(forged.commit.hex))
        let lineage = try store.lineage(of: record)
        let verdict = try await StageVerifier(store: store, runner: NoRunner(), threads: 1).verify(
            #require(lineage.stages.last), in: lineage
        ) { _ in }
        guard case .replaced(let reason) = verdict else {
            Issue.record("\(verdict)")
            return
        }
        #expect(Self.reasons.contains { reason.contains($0) })
    }

    @Test(arguments: Forgery.oneOfEachKind)
    func aForgedSourceInTheStoreIsNotPushed(_ forgery: Forgery) async throws {
        let forged = try ForgedStore(forgery)
        _ = try forged.fixture.bareRepository()
        let text = await failure {
            _ = try await forged.store.push([], to: Remote(forged.fixture.place("remote.git").path, for: forged.store))
        }
        #expect(text.contains("nothing was pushed"), "\(text)")
        expectRefusal(text, forgery)
    }

    /// The right bytes take the place of the forged ones, by building, by pulling and by repair.
    @Test(arguments: Forgery.kinds)
    func theRightBytesReplaceForgedOnes(_ kind: String) async throws {
        let forgery = Forgery.all(of: kind)[0]
        let (action, files) = Forgery.honest(kind)
        let reference = StageCommit.reference(for: action.key)

        let built = try ForgedStore(forgery)
        let artifact = try built.fixture.artifact(files, in: built.store)
        let right = try built.store.record(action, parents: [], artifact: artifact)
        #expect(try built.store.openRepository().target(of: reference) == right)
        #expect(try built.store.result(of: action) == artifact)

        let pulled = try ForgedStore(forgery)
        let honest = try pulled.fixture.store("honest")
        _ = try honest.record(action, parents: [], artifact: pulled.fixture.artifact(files, in: honest))
        _ = try await pulled.store.pull(
            .everything, from: Remote(pulled.fixture.place("honest/lineage.git").path, for: pulled.store))
        #expect(try pulled.store.openRepository().target(of: reference) == right)
        #expect(try pulled.store.result(of: action) == artifact)

        let repaired = try ForgedStore(forgery)
        _ = try repaired.store.repair(repaired.store.check().problems)
        #expect(try repaired.store.openRepository().target(of: reference) == nil)
        #expect(try repaired.store.result(of: action.key) == nil)
    }

    /// What was taken in by an earlier version is not named again by a remote, nor used by a build that comes.
    @Test func aForgedSourceThatWasTakenInBeforeStaysUnnamed() async throws {
        let forged = try ForgedStore(Forgery.oneOfEachKind[1])
        let key = Forgery.oneOfEachKind[1].action.key
        let ours = try forged.fixture.store("ours")
        try forged.fixture.git(
            "fetch", forged.remote, "\(StageCommit.reference(for: key)):refs/remotes/old/forged",
            in: forged.fixture.place("ours/lineage.git"))
        let text = await failure { _ = try await ours.pull(.actions([key]), from: Remote(forged.remote, for: ours)) }
        expectRefusal(text, Forgery.oneOfEachKind[1])
        let other = await failure { _ = try await ours.pull(.recipes(["forged"]), from: Remote(forged.remote, for: ours)) }
        expectRefusal(other, Forgery.oneOfEachKind[1])
    }

    /// The same means without a forgery are taken in.
    @Test(arguments: Forgery.kinds)
    func anHonestSourceIsTaken(_ kind: String) async throws {
        let (action, files) = Forgery.honest(kind)
        let honest = try ForgedStore(Forgery(action: action, files: files, name: "none"))
        let ours = try honest.fixture.store("ours")
        _ = try await ours.pull(.everything, from: Remote(honest.remote, for: ours))
        #expect(try ours.result(of: action) == honest.artifact)
        #expect(try ours.check().problems == [])
    }
}

/// A verifier of sources runs nothing.
private struct NoRunner: Runner {
    func run(
        _ workspace: StageWorkspace, threads: Int, onProgress: @escaping @Sendable (StageProgress) -> Void
    ) async throws -> StageExit {
        throw CancellationError()
    }
}
