import BuildModel
import CanonicalJSON
import Foundation
import Store
import Synchronization
import Testing

@testable import Executor

/// Gives the same files for every origin.
private final class FixedFetcher: SourceFetcher {
    private let files: [String: String]
    private let count = Mutex(0)
    var fetches: Int { count.withLock { $0 } }

    init(_ files: [String: String]) { self.files = files }

    func fetch(_ origin: FixedOutput.Origin, into directory: URL) async throws(FetchError) -> [String] {
        count.withLock { $0 += 1 }
        try FetchError.keeping("files") {
            for (path, text) in files {
                let file = directory.appending(path: path)
                try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
                try Data(text.utf8).write(to: file)
            }
        }
        return files.keys.sorted()
    }

    func resolve(_ origin: FixedOutput.Origin) async throws(FetchError) -> FixedOutput.Origin { origin }
}

@Suite struct FixedOutputTests {
    let fixture: FetchFixture
    init() throws { fixture = try FetchFixture() }

    /// Builds one source that pins `pinned` (contents by path), fetched by `fetcher`.
    private func build(
        _ pinned: [String: String], _ fetcher: any SourceFetcher
    ) async throws -> (artifact: Artifact?, failure: String) {
        let files = pinned.map { FixedOutput.File(path: $0.key, digest: Digest(hashing: $0.value)) }
        let stage = Stage(
            name: "source.x", kind: "source.test", revision: 1, parameters: .object(pinned.mapValues(JSON.string)),
            fixedOutput: FixedOutput(files: files, origin: .url("http://x/all.zip", members: ["*"])))
        let graph = Graph(stages: [stage], targets: [])
        let executor = Executor(store: try Store(at: fixture.file("store")), runner: EchoRunner(), fetcher: fetcher)
        let outcome = try await executor.build(graph, targets: graph.ids) { _ in }
        return (outcome.results[0]?.artifact, outcome.failures[0]?.reason ?? "")
    }

    @Test func oneFileIsTakenWhateverItsName() async throws {
        let built = try await build(["rows.jsonl": "one"], FixedFetcher(["deep/other.txt": "one"]))
        #expect(built.artifact?.files.map(\.path) == ["rows.jsonl"])
        #expect(built.artifact?["rows.jsonl"]?.digest == Digest(hashing: "one"))
    }

    @Test func severalForOneAreAnErrorThatNamesThem() async throws {
        let built = try await build(["rows.jsonl": "one"], FixedFetcher(["a": "one", "b": "two"]))
        #expect(
            built.failure == "http://x/all.zip gives several files where one is pinned; choose one with `member`: a, b")
    }

    @Test func severalFilesAreTakenByTheirPaths() async throws {
        let built = try await build(["a": "one", "deep/b": "two"], FixedFetcher(["a": "one", "deep/b": "two", "c": "three"]))
        #expect(built.artifact?.files.map(\.path) == ["a", "deep/b"])
        let missing = try await build(["a": "1", "d": "2"], FixedFetcher(["a": "1", "c": "3"]))
        #expect(missing.failure == "http://x/all.zip gives no file d; it gives a, c")
    }

    @Test func everyDigestIsCompared() async throws {
        let built = try await build(["a": "one", "b": "two"], FixedFetcher(["a": "one", "b": "other"]))
        #expect(built.failure.hasPrefix("b of http://x/all.zip gave other bytes than the recipe pins: sha256 is "))
        let single = try await build(["a": "five"], FixedFetcher(["a": "other"]))
        #expect(single.failure.hasPrefix("http://x/all.zip gave other bytes than the recipe pins: sha256 is "))
        // Nothing of a source that is wrong in part is taken.
        #expect(try Store(at: fixture.file("store")).object(Digest(hashing: "one")) == nil)
    }

    @Test func objectsThatTheStoreHoldsNeedNoFetch() async throws {
        let store = try Store(at: fixture.file("store"))
        for text in ["one", "two"] {
            try fixture.write(text, to: "copy")
            _ = try store.importFile(at: fixture.file("copy").path)
        }
        let fetcher = FixedFetcher([:])
        #expect(try await build(["a": "one", "b": "two"], fetcher).artifact?.files.count == 2)
        #expect(fetcher.fetches == 0)
    }

    @Test func theScratchOfAFetchIsRemoved() async throws {
        _ = try await build(["a": "one"], FixedFetcher(["a": "one"]))
        _ = try await build(["a": "two"], FixedFetcher(["a": "other"]))
        #expect(try FileManager.default.contentsOfDirectory(atPath: fixture.file("store/scratch").path) == [])
    }
}
