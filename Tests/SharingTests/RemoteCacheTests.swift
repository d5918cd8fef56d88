import BuildModel
import CanonicalJSON
import Foundation
import Synchronization
import Testing

@testable import Sharing
@testable import Store

/// What a remote's results are told of.
final class Warnings: Sendable {
    private let list = Mutex<[String]>([])
    func add(_ text: String) { list.withLock { $0.append(text) } }
    var all: [String] { list.withLock { $0 } }
}

@Suite struct RemoteCacheTests {
    let fixture: SharingFixture

    init() throws { fixture = try SharingFixture() }

    @Test(arguments: [false, true]) func aResultComesWithItsLineageAndItsFiles(overHTTP: Bool) async throws {
        let theirs = try fixture.store("theirs")
        let built = try fixture.build(in: theirs)
        try fixture.build(in: theirs, steps: 4)
        let server = try TestServer(fixture)
        _ = try await theirs.push([], to: Remote(server.address, for: theirs))
        let ours = try fixture.store("ours")
        let warnings = Warnings()
        let remote = try Remote(overHTTP ? server.address : server.repository.path, for: ours)
        let cache = await RemoteCache(remote, for: ours) { warnings.add($0) }
        let record = try #require(try theirs.stageCommit(built.model.hex))
        // Its input was never here: it comes along.
        #expect(await cache.result(of: record.action.key) == record.artifact)
        #expect(try ours.result(of: record.action.key) == record.artifact)
        #expect(try ours.stageCommit(built.model.hex)?.parents == [built.data])
        #expect(try fixture.holdsBuild(ours))
        // Nothing else does.
        #expect(try !fixture.holdsBuild(ours, steps: 4))
        #expect(try ours.recipes() == [])
        #expect(try ours.check().problems == [])
        #expect(await cache.result(of: Digest(hashing: "unknown")) == nil)
        #expect(warnings.all == [])
    }

    @Test func aRemoteThatIsNotThereIsAWarning() async throws {
        let ours = try fixture.store("ours")
        let warnings = Warnings()
        let cache = await RemoteCache(try Remote("http://127.0.0.1:1/models.git", for: ours), for: ours) { warnings.add($0) }
        #expect(await cache.result(of: SharingFixture.dataAction().key) == nil)
        #expect(warnings.all.count == 1)
        #expect(warnings.all[0].contains("the build goes on without http://127.0.0.1:1/models.git"))
    }

    @Test func aResultThatBreaksARuleIsNotUsed() async throws {
        let remote = try HostileRemote(fixture)
        var stage = try remote.textStage()
        stage.author = "Mallory"
        try remote.write(stage)
        let ours = try fixture.store("ours")
        let before = try fixture.state(of: "ours")
        let warnings = Warnings()
        let cache = await RemoteCache(try Remote(remote.repository.path, for: ours), for: ours) { warnings.add($0) }
        #expect(await cache.result(of: stage.action.key) == nil)
        #expect(warnings.all.first?.contains("not what Decant writes") == true)
        #expect(try fixture.state(of: "ours") == before)
        // What is right there is used all the same.
        #expect(await cache.result(of: SharingFixture.dataAction().key) != nil)
    }
}
