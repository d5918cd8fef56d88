import BuildModel
import Foundation
import Store
import Testing

@testable import Fetching

/// Gives the same files for every origin.
private struct FixedFetcher: OriginFetcher {
    private let files: [String: String]

    init(_ files: [String: String]) { self.files = files }

    func fetch(_ origin: FixedOutput.Origin, into directory: URL) async throws(FetchError) -> [String] {
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

    /// Fetches a source that pins `pinned` (contents by path).
    private func fetch(
        _ pinned: [String: String], _ fetcher: FixedFetcher
    ) async throws -> (artifact: Artifact?, failure: String) {
        let files = pinned.map { FixedOutput.File(path: $0.key, digest: Digest(hashing: $0.value)) }
            .sorted { $0.path < $1.path }
        let source = FixedOutput(files: files, origin: .url("http://x/all.zip", members: ["*"]))
        do {
            return (try await fetcher.fetch(source, into: Store(at: fixture.file("store"))), "")
        } catch let error as FetchError {
            return (nil, error.description)
        }
    }

    @Test func oneFileIsTakenWhateverItsName() async throws {
        let fetched = try await fetch(["rows.jsonl": "one"], FixedFetcher(["deep/other.txt": "one"]))
        #expect(fetched.artifact?.files.map(\.path) == ["rows.jsonl"])
        #expect(fetched.artifact?["rows.jsonl"]?.digest == Digest(hashing: "one"))
    }

    @Test func severalForOneAreAnErrorThatNamesThem() async throws {
        let fetched = try await fetch(["rows.jsonl": "one"], FixedFetcher(["a": "one", "b": "two"]))
        #expect(
            fetched.failure == "http://x/all.zip gives several files where one is pinned; choose one with `member`: a, b")
    }

    @Test func severalFilesAreTakenByTheirPaths() async throws {
        let fetched = try await fetch(
            ["a": "one", "deep/b": "two"], FixedFetcher(["a": "one", "deep/b": "two", "c": "three"]))
        #expect(fetched.artifact?.files.map(\.path) == ["a", "deep/b"])
        let missing = try await fetch(["a": "1", "d": "2"], FixedFetcher(["a": "1", "c": "3"]))
        #expect(missing.failure == "http://x/all.zip gives no file d; it gives a, c")
    }

    @Test func everyDigestIsCompared() async throws {
        let fetched = try await fetch(["a": "one", "b": "two"], FixedFetcher(["a": "one", "b": "other"]))
        #expect(fetched.failure.hasPrefix("b of http://x/all.zip gave other bytes than the recipe pins: sha256 is "))
        let single = try await fetch(["a": "five"], FixedFetcher(["a": "other"]))
        #expect(single.failure.hasPrefix("http://x/all.zip gave other bytes than the recipe pins: sha256 is "))
        // Nothing of a source that is wrong in part is taken.
        #expect(try Store(at: fixture.file("store")).object(Digest(hashing: "one")) == nil)
    }

    @Test func theScratchOfAFetchIsRemoved() async throws {
        _ = try await fetch(["a": "one"], FixedFetcher(["a": "one"]))
        _ = try await fetch(["a": "two"], FixedFetcher(["a": "other"]))
        #expect(try FileManager.default.contentsOfDirectory(atPath: fixture.file("store/scratch").path) == [])
    }
}
