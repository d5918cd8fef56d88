import BuildModel
import CanonicalJSON
import Foundation
import Store
import TestSupport
import Testing

@testable import Fetching
@testable import HTTP

/// A server that breaks connections, refuses parts and is busy.
final class UnsteadyServer: FixtureServer {
    convenience init(size: Int = UnsteadyServer.size, _ plan: [JSON]) throws {
        try self.init("downloads/server.py")
        try set(["size": .integer(Int64(size)), "plan": .array(plan)])
    }

    static let size = 100_000
    var url: URL { URL(string: "http://127.0.0.1:\(port)/file.bin") ?? folder }

    /// The file's bytes while it has this tag.
    static func content(_ tag: String = "one", size: Int = size) -> Data {
        let seed = Data(Digest(hashing: tag).bytes)
        return Data((0..<size).map { seed[$0 % seed.count] })
    }
}

@Suite struct DownloadTests {
    let place: TemporaryFolder
    var file: URL { place.file("download") }

    init() throws { place = TemporaryFolder() }

    private func download(
        _ server: UnsteadyServer, limit: Int? = nil, attempts: Int = 4, backoff: Backoff = Backoff(first: 0.01, cap: 0.05)
    ) async throws -> Data {
        var download = FileDownload(server.url)
        if let limit { download.limit = limit }
        download.retries.attempts = attempts
        download.retries.backoff = backoff
        try await download.write(to: file)
        return try Data(contentsOf: file)
    }

    private func failure(_ server: UnsteadyServer, limit: Int? = nil, attempts: Int = 4) async -> DownloadError? {
        do {
            _ = try await download(server, limit: limit, attempts: attempts)
            return nil
        } catch {
            #expect(!FileManager.default.fileExists(atPath: file.path), "nothing is left of a file that failed")
            return error as? DownloadError
        }
    }

    @Test func whatBrokeOffGoesOnWhereItEnded() async throws {
        let server = try UnsteadyServer([["cut": 30_000], ["cut": 20_000]])
        #expect(try await download(server) == UnsteadyServer.content())
        #expect(server.requestLines() == ["- -", "bytes=30000- \"one\"", "bytes=50000- \"one\""])
    }

    @Test func anAnswerWithoutALengthGoesOnToo() async throws {
        let server = try UnsteadyServer([["cut": 30_000, "chunked": true], ["chunked": true]])
        #expect(try await download(server) == UnsteadyServer.content())
        #expect(server.requestLines().count == 2)
    }

    @Test func aFileThatChangedMeanwhileIsFetchedWhole() async throws {
        let server = try UnsteadyServer([["cut": 30_000], ["tag": "two"]])
        #expect(try await download(server) == UnsteadyServer.content("two"))
    }

    @Test func aServerThatGivesNoPartsIsAskedForTheWhole() async throws {
        let server = try UnsteadyServer([["cut": 30_000], ["whole": true, "cut": 10_000], ["whole": true]])
        #expect(try await download(server) == UnsteadyServer.content())
    }

    @Test func aPartThatWasNotAskedForIsNotTaken() async throws {
        let server = try UnsteadyServer([["cut": 30_000], ["wrong": true]])
        #expect(try await download(server) == UnsteadyServer.content())
        #expect(server.requestLines().last == "- -")
    }

    @Test func withoutATagNothingIsContinued() async throws {
        let server = try UnsteadyServer([["tag": .null, "cut": 30_000], ["tag": .null]])
        #expect(try await download(server) == UnsteadyServer.content(""))
        #expect(server.requestLines() == ["- -", "- -"])
    }

    /// A weak tag stays when bytes change that do not matter to its server.
    @Test func aWeakTagContinuesNothing() async throws {
        let server = try UnsteadyServer([["weak": true, "cut": 30_000], ["weak": true]])
        #expect(try await download(server) == UnsteadyServer.content())
        #expect(server.requestLines() == ["- -", "- -"])
    }

    @Test func aRefusedPartIsForgotten() async throws {
        let server = try UnsteadyServer([["cut": 30_000], ["status": 416]])
        #expect(try await download(server) == UnsteadyServer.content())
        #expect(server.requestLines().last == "- -")
    }

    @Test(arguments: [408, 425, 429, 500, 502, 503])
    func aStatusThatMayPassIsTriedAgain(status: Int) async throws {
        let server = try UnsteadyServer([["status": .integer(Int64(status))], ["status": .integer(Int64(status))]])
        #expect(try await download(server) == UnsteadyServer.content())
    }

    @Test(arguments: [400, 401, 404, 410])
    func aStatusThatStaysIsAskedForOnce(status: Int) async throws {
        let server = try UnsteadyServer([["status": .integer(Int64(status))]])
        #expect(await failure(server) == .refused(status: status))
        #expect(server.requestLines().count == 1)
    }

    @Test func theServersWaitIsHeeded() async throws {
        let server = try UnsteadyServer([["status": 429, "retry": "1"]])
        let started = ContinuousClock.now
        #expect(try await download(server) == UnsteadyServer.content())
        #expect(ContinuousClock.now - started >= .seconds(1))
    }

    @Test func attemptsEnd() async throws {
        let server = try UnsteadyServer(Array(repeating: ["status": 503], count: 9))
        #expect(await failure(server) == .refused(status: 503))
        #expect(server.requestLines().count == 4)
        let broken = try UnsteadyServer(Array(repeating: ["cut": 10], count: 9))
        guard case .unreachable = await failure(broken) else { return #expect(Bool(false), "it cannot be reached") }
    }

    /// A long file over a bad line: each attempt brings it on.
    @Test func anAttemptThatBroughtTheFileOnIsNotCounted() async throws {
        let server = try UnsteadyServer(size: 12 << 20, Array(repeating: ["cut": 1_200_000], count: 9))
        let content = try await download(server, attempts: 2)
        #expect(content == UnsteadyServer.content(size: 12 << 20))
        #expect(server.requestLines().count == 10)
    }

    @Test func moreThanIsTakenIsNotRead() async throws {
        #expect(await failure(try UnsteadyServer([]), limit: 99_999) == .tooLarge(limit: 99_999))
        #expect(await failure(try UnsteadyServer([["chunked": true]]), limit: 99_999) == .tooLarge(limit: 99_999))
        #expect(await failure(try UnsteadyServer([]), limit: 100_000) == nil)
    }

    @Test func aBodyWithoutALengthHasALowerLimit() async throws {
        let server = try UnsteadyServer([["chunked": true]])
        var download = FileDownload(server.url)
        download.unstatedLimit = 99_999
        await #expect(throws: DownloadError.tooLarge(limit: 99_999)) { try await download.write(to: file) }
        #expect(server.requestLines().count == 1)
        #expect(!FileManager.default.fileExists(atPath: file.path))
    }

    @Test(.mustEnd) func headersWithoutAnEndAreNotRead() async throws {
        let server = try UnsteadyServer(Array(repeating: ["headers": true], count: 4))
        guard case .unreachable = await failure(server) else { return #expect(Bool(false), "the headers never end") }
        // What is refused is not asked for again.
        #expect(server.requestLines().count == 1)
    }

    @Test(.mustEnd) func aServerThatDripsIsNotWaitedFor() async throws {
        let server = try UnsteadyServer(Array(repeating: ["drip": true], count: 4))
        var download = FileDownload(server.url)
        download.patience = 2
        let error = await #expect(throws: DownloadError.self) { try await download.write(to: file) }
        guard case .unreachable(let reason) = error else { return #expect(Bool(false), "it never ends") }
        #expect(reason.contains("a server so slow is not waited for"))
        #expect(!FileManager.default.fileExists(atPath: file.path))
        #expect(server.requestLines().count == 1)
    }

    @Test func aCancelledDownloadEndsSoonAndLeavesNothing() async throws {
        let server = try UnsteadyServer([["stall": true]])
        let (download, file) = (FileDownload(server.url), file)
        let task = Task { try await download.write(to: file) }
        // On a thread of its own, as other tests may keep those of tasks busy for long.
        let requests = server.folder.appending(path: "requests").path
        Thread.detachNewThread {
            while access(requests, F_OK) != 0 { usleep(20_000) }
            task.cancel()
        }
        await #expect(throws: DownloadError.cancelled) { try await task.value }
        #expect(!FileManager.default.fileExists(atPath: file.path))
        // Nobody else would end it before a minute without a byte is over.
        while server.requestLines().count < 2 { try await Task.sleep(for: .milliseconds(20)) }
        let left = try #require(server.requestLines().last?.split(separator: " ").last.flatMap { Double($0) })
        #expect(left < 30)
    }

    @Test func aFolderThatIsNotThereIsNotTheServersFault() async throws {
        let server = try UnsteadyServer([])
        var download = FileDownload(server.url)
        download.retries.backoff = Backoff(first: 0.01, cap: 0.05)
        await #expect(throws: DownloadError.self) { try await download.write(to: place.file("none/download")) }
        #expect(server.requestLines().isEmpty)
    }

    /// Bytes that came in parts are the pinned ones, or they are refused like any others.
    @Test func theDigestIsComparedAfterEveryFetch() async throws {
        let store = try Store(at: place.folder("store"))
        let fetcher = NetworkFetcher(backoff: Backoff(first: 0.01, cap: 0.05))
        func fetch(_ server: UnsteadyServer, pinned: Data) async throws -> Artifact {
            let pin = FixedOutput.File(path: "file.bin", digest: Digest(hashing: pinned))
            return try await fetcher.fetch(
                FixedOutput(files: [pin], origin: .url(server.url.absoluteString, members: [])), into: store)
        }
        let steady = try UnsteadyServer([["cut": 30_000], ["status": 503], ["cut": 1000]])
        #expect(try await fetch(steady, pinned: UnsteadyServer.content()).files.map(\.size) == [UnsteadyServer.size])
        let changed = try UnsteadyServer([["cut": 30_000], ["tag": "two"]])
        let error = await #expect(throws: FetchError.self) { try await fetch(changed, pinned: UnsteadyServer.content()) }
        #expect(error?.description.contains("gave other bytes than the recipe pins") == true)
        #expect(try FileManager.default.contentsOfDirectory(atPath: place.file("store/scratch").path) == [])
    }
}
