import BuildModel
import Executor
import Foundation
import TestSupport
import Testing

@testable import Sharing
@testable import Store

/// Results of stages that are whole in themselves and not what their stages make: running them again finds each, and nobody who
/// has the right result takes one in.
@Suite struct ForgedResultTests {
    struct Forgery: Sendable, CustomTestStringConvertible {
        var testDescription: String
        /// The stage whose result is forged, by its kind.
        var kind: String
        var change: @Sendable (inout [String: Data], _ other: [String: Data]) -> Void

        init(
            _ name: String, of kind: String, _ change: @escaping @Sendable (inout [String: Data], [String: Data]) -> Void
        ) {
            (testDescription, self.kind, self.change) = ("\(kind): \(name)", kind, change)
        }
    }

    /// What the stages make.
    static let honest: [String: [String: Data]] = [
        "data.generate": ["rows.jsonl": Data("{\"id\":\"a\"}\n".utf8)],
        "train.sft": ["config.json": Data("{}\n".utf8), "model.safetensors": SharingFixture.weights],
    ]

    static let altered: [Forgery] = honest.keys.sorted().flatMap { kind in
        honest[kind, default: [:]].keys.sorted().flatMap { path in
            [
                Forgery("another bit in \(path)", of: kind) { files, _ in files[path]?[1] ^= 1 },
                Forgery("another last byte in \(path)", of: kind) { files, _ in
                    if let last = files[path]?.indices.last { files[path]?[last] ^= 0x40 }
                },
                Forgery("a byte more in \(path)", of: kind) { files, _ in files[path]?.append(0) },
                Forgery("a byte less in \(path)", of: kind) { files, _ in files[path]?.removeLast() },
                Forgery("nothing in \(path)", of: kind) { files, _ in files[path] = Data() },
            ]
        } + [Forgery("a file more", of: kind) { files, _ in files["more.bin"] = Data([0, 1, 2]) }]
    }

    static let swapped: [Forgery] =
        honest.keys.sorted().flatMap { kind in
            [
                Forgery("the other stage's result", of: kind) { files, other in files = other },
                Forgery("the other stage's result beside its own", of: kind) { files, other in
                    files.merge(other) { own, _ in own }
                },
                Forgery("the other stage's bytes under its own names", of: kind) { files, other in
                    let bytes = other.sorted { $0.key < $1.key }.map(\.value)
                    for (index, path) in files.keys.sorted().enumerated() { files[path] = bytes[index % bytes.count] }
                },
            ]
        } + [
            Forgery("its own files under one another's names", of: "train.sft") { files, _ in
                (files["config.json"], files["model.safetensors"]) = (files["model.safetensors"], files["config.json"])
            },
            Forgery("without the weights", of: "train.sft") { files, _ in files["model.safetensors"] = nil },
            Forgery("weights under another name", of: "train.sft") { files, _ in
                files["weights.safetensors"] = files.removeValue(forKey: "model.safetensors")
            },
        ]

    /// Makes what the stages make.
    private struct HonestRunner: Runner {
        func run(
            _ workspace: StageWorkspace, threads: Int, onProgress: @escaping @Sendable (StageProgress) -> Void
        ) async throws -> StageExit {
            let action = try String(contentsOf: workspace.actionFile, encoding: .utf8)
            for (kind, files) in ForgedResultTests.honest where action.contains("\"\(kind)\"") {
                for (path, bytes) in files { try bytes.write(to: workspace.outputs.appending(path: path)) }
            }
            return StageExit(status: 0)
        }
    }

    private func verdict(on commit: CommitID, in store: Store) async throws -> StageVerifier.Verdict {
        let lineage = try store.lineage(of: #require(try store.stageCommit(commit.hex)))
        return try await StageVerifier(store: store, runner: HonestRunner(), threads: 1)
            .verify(#require(lineage.stages.last), in: lineage) { _ in }
    }

    /// data → model with one of the two forged; the stages after it are honest.
    private func plant(_ forgery: Forgery?, in store: Store, _ fixture: SharingFixture) throws -> [String: CommitID] {
        func artifact(_ kind: String) throws -> Artifact {
            var files = Self.honest[kind] ?? [:]
            let other = Self.honest.first { $0.key != kind }?.value ?? [:]
            if forgery?.kind == kind { forgery?.change(&files, other) }
            return try fixture.artifact(files, in: store)
        }
        let rows = try artifact("data.generate")
        let data = try store.record(SharingFixture.dataAction(), parents: [], artifact: rows)
        let trained = try artifact("train.sft")
        let model = try store.record(SharingFixture.modelAction(rows), parents: [data], artifact: trained)
        _ = try store.recordBuild(
            BuildRecord(
                recipe: "smart-home", recipeText: "decant: 1\n",
                stages: [.init(name: "data", commit: data), .init(name: "model", commit: model)],
                targets: [(name: "model", commit: model, artifact: trained)], summary: "2 ran"))
        return ["data.generate": data, "train.sft": model]
    }

    @Test(arguments: altered + swapped) func aForgedResultIsFoundAndNotTakenIn(_ forgery: Forgery) async throws {
        let fixture = try SharingFixture()
        let store = try fixture.store("forged")
        let planted = try plant(forgery, in: store, fixture)
        // Whole in itself.
        #expect(try store.check().problems == [])
        // Running it again tells.
        let commit = try #require(planted[forgery.kind])
        guard case .differs = try await verdict(on: commit, in: store) else {
            Issue.record("nothing was found")
            return
        }
        // Whoever has the right result keeps it.
        let ours = try fixture.store("ours")
        let right = try #require(try plant(nil, in: ours, fixture)[forgery.kind])
        guard case .same = try await verdict(on: right, in: ours) else {
            Issue.record("the right result differs")
            return
        }
        let before = try fixture.state(of: "ours")
        let text = await failure {
            _ = try await ours.pull(.everything, from: Remote(fixture.place("forged/lineage.git").path, for: ours))
        }
        #expect(text.contains("one of the two is not reproducible"), "\(text)")
        #expect(try fixture.state(of: "ours") == before)
    }

    /// How many forgeries the tests plant, of each kind.
    @Test func aHundredForgeriesAndMoreArePlanted() {
        let kinds: [String: [String]] = [
            "wrong bytes for a pinned source": PinnedSourceTests.planted,
            "altered results": Self.altered.map(\.testDescription),
            "swapped results": Self.swapped.map(\.testDescription),
            "bad and copied signatures": (SignedPolicyTests.builds + SignedPolicyTests.tags).map(\.testDescription),
            "witnesses that say other things, or are none":
                (WitnessForgeryTests.people + WitnessForgeryTests.words
                + WitnessForgeryTests.bytes).map(\.testDescription),
        ]
        for (kind, names) in kinds {
            #expect(Set(names).count == names.count, "\(kind): each forgery is another one")
            #expect(names.count >= 9, "\(kind)")
        }
        #expect(kinds.values.reduce(0) { $0 + $1.count } >= 160)
    }
}
