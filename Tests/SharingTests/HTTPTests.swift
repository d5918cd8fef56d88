import BuildModel
import CanonicalJSON
import Foundation
import HTTP
import TestSupport
import Testing

@testable import Sharing
@testable import Store

/// Push and pull through a git server with Git LFS.
@Suite struct HTTPTests {
    let fixture: SharingFixture
    let server: TestServer
    let ours: Store
    let theirs: Store

    init() throws {
        fixture = try SharingFixture()
        server = try TestServer(fixture)
        ours = try fixture.store("ours")
        theirs = try fixture.store("theirs")
        try fixture.build(in: ours)
    }

    private func push(_ address: String? = nil) async throws -> ExchangeSummary {
        try await ours.push([], to: Remote(address ?? server.address, for: ours))
    }

    @discardableResult
    private func pull(_ address: String? = nil) async throws -> ExchangeSummary {
        try await theirs.pull(.everything, from: Remote(address ?? server.address, for: theirs))
    }

    private func objectRequests() throws -> [String] {
        try server.requests().filter { $0.contains("/info/lfs/objects/") && !$0.contains("/batch") && !$0.contains("/verify") }
    }

    @Test func aBuildTravelsThroughAServer() async throws {
        #expect(try await push().objects == 1)
        #expect(try server.requests().contains { $0.contains("/verify") })
        #expect(try fixture.git("lfs", "fsck", "smart-home", in: server.repository).contains("OK"))
        try await pull()
        #expect(try fixture.holdsBuild(theirs))
        #expect(try theirs.check().problems == [])
        _ = try server.requests()
        #expect(try await push().changes == [])
        #expect(try await pull().objects == 0)
        #expect(try objectRequests() == [])
    }

    @Test func whatTheServerHasIsNotSentAgain() async throws {
        _ = try await push()
        try fixture.git("update-ref", "-d", "refs/heads/smart-home", in: server.repository)
        for name in try fixture.git("for-each-ref", "--format=%(refname)", in: server.repository).split(separator: "\n") {
            try fixture.git("update-ref", "-d", String(name), in: server.repository)
        }
        _ = try server.requests()
        #expect(try await push().objects == 0)
        #expect(try objectRequests() == [])
        try await pull()
        #expect(try fixture.holdsBuild(theirs))
    }

    @Test func anInterruptedDownloadGoesOnWhereItEnded() async throws {
        _ = try await push()
        try server.set(["cut": 30_000])
        let before = try fixture.state(of: "theirs")
        #expect(await failure { try await pull() }.contains("cannot be reached"))
        #expect(try fixture.state(of: "theirs") == before)
        #expect(theirs.hasIncoming)
        try server.set([:])
        _ = try server.requests()
        // Four tries of 30,000 bytes each have come.
        #expect(try await pull().bytes == SharingFixture.weights.count - 120_000)
        #expect(try objectRequests().map { $0.split(separator: " ").last } == ["bytes=120000-"])
        #expect(try fixture.holdsBuild(theirs))
        #expect(!theirs.hasIncoming)
    }

    @Test func aServerThatKnowsNoPartsSendsTheWhole() async throws {
        _ = try await push()
        try server.set(["cut": 30_000])
        _ = await failure { try await pull() }
        try server.set(["no_range": true])
        #expect(try await pull().bytes == SharingFixture.weights.count)
        #expect(try fixture.holdsBuild(theirs))
    }

    @Test func aPartThatWasWrongIsFetchedAgain() async throws {
        _ = try await push()
        let pointer = try fixture.git("show", "smart-home:targets/model/model.safetensors", in: server.repository)
        let digest = try #require(pointer.firstMatch(of: /sha256:([0-9a-f]{64})/)).1
        let partial = fixture.place("theirs/lineage.git/lfs/incoming").appending(path: "\(digest).partial")
        try Data(count: 1000).write(to: partial)
        try await pull()
        #expect(try objectRequests().suffix(2).map { $0.split(separator: " ").last } == ["bytes=1000-", "-"])
        #expect(try fixture.holdsBuild(theirs))
    }

    @Test func otherBytesAreRefused() async throws {
        _ = try await push()
        try server.set(["wrong": true])
        let before = try fixture.state(of: "theirs")
        #expect(await failure { try await pull() }.contains("other bytes came"))
        #expect(try fixture.state(of: "theirs") == before)
        #expect(!theirs.hasIncoming)
    }

    @Test func anObjectThatTheServerLostIsNamed() async throws {
        _ = try await push()
        try server.set(["lost": true])
        let text = await failure { try await pull() }
        #expect(text.contains("has no object"))
        #expect(text.contains("no such object (404)"))
    }

    @Test func expiredAddressesAreAskedForAnew() async throws {
        try server.set(["expired": true])
        #expect(try await push().objects == 1)
        #expect(try server.requests().count { $0.contains("/objects/batch") } == 2)
    }

    @Test func aLoginComesFromTheAddressAndIsNeverShown() async throws {
        try server.set(["auth": "me:open sesame"])
        let address = server.address.replacing("//", with: "//me:open%20sesame@", maxReplacements: 1)
        #expect(try await push(address).objects == 1)
        try await pull(address)
        #expect(try fixture.holdsBuild(theirs))
        let wrong = server.address.replacing("//", with: "//me:close%20sesame@", maxReplacements: 1)
        let text = await failure { try await pull(wrong) }
        #expect(!text.contains("sesame"))
        #expect(text.contains(server.address))
    }

    /// An action may lead to another server, which has no right to the login.
    @Test func aLoginGoesToItsOwnServerAlone() throws {
        try server.set(["auth": "me:open sesame"])
        func status(_ port: Int) throws -> Int {
            let address = try RemoteAddress("http://me:open%20sesame@127.0.0.1:\(port)/models.git")
            let url = try #require(URL(string: "http://127.0.0.1:\(port)/models.git/info/lfs"))
            let home = LoginServer(url, credentials: Credentials(of: address, for: url), settings: NetworkSettings())
            let target = try #require(URL(string: server.address + "/info/lfs/objects/" + String(repeating: "0", count: 64)))
            return try home.exchange(HTTPRequest(url: target), to: BytesSink(limit: 1 << 20)).status
        }
        #expect(try status(server.port) != 401)
        #expect(try status(1) == 401)
    }

    @Test func gitsCredentialHelpersAreAskedAndNobodyElse() throws {
        let helper = "!f() { test \"$1\" = get && echo username=me && echo 'password=open sesame'; }; f"
        try fixture.git("config", "--global", "credential.http://127.0.0.1:\(server.port).helper", helper)
        let environment = ProgramRun.isolated(home: fixture.root)
        let login = try Credentials.fill(#require(URL(string: server.address)), user: nil, environment: environment)
        #expect(login == Login(user: "me", password: "open sesame"))
        // Nobody is asked on a terminal where no helper knows.
        #expect(try Credentials.fill(#require(URL(string: "http://127.0.0.1:1/a")), user: nil, environment: environment) == nil)
    }

    /// Libgit2 would read past the end of such a file when it packs it.
    @Test func aDamagedGitObjectOfOursIsNotSent() async throws {
        let remote = try HostileRemote(fixture)
        let store = try Store(at: fixture.place("honest"))
        let blob = try fixture.git("rev-parse", "smart-home:recipe.yaml", in: remote.repository)
        try remote.overwrite(blob, header: "blob 1", Data(repeating: 0x61, count: 5000))
        let text = await failure { _ = try await store.push([], to: Remote(server.address, for: store)) }
        #expect(text.contains("is damaged"))
        #expect(try fixture.git("for-each-ref", in: server.repository) == "")
    }

    @Test func aServerThatIsNotThereIsSaid() async throws {
        let text = await failure { try await pull("http://127.0.0.1:1/models.git") }
        #expect(text.contains("http://127.0.0.1:1/models.git cannot be used"))
    }

    @Test func anotherObjectServerMayBeNamed() async throws {
        let remote = try fixture.bareRepository()
        let lineage = fixture.place("ours/lineage.git")
        try fixture.git("remote", "add", "split", remote.path, in: lineage)
        try fixture.git("config", "remote.split.lfsurl", server.address + "/info/lfs", in: lineage)
        #expect(try await ours.push([], to: Remote("split", for: ours)).objects == 1)
        #expect(FileManager.default.fileExists(atPath: server.repository.appending(path: "lfs/objects").path))
        #expect(!FileManager.default.fileExists(atPath: remote.appending(path: "lfs/objects").path))
        _ = try await theirs.pull(
            .everything, from: Remote(remote.path, objectServer: server.address + "/info/lfs", for: theirs))
        #expect(try fixture.holdsBuild(theirs))
    }

    @Test func aDivergedBranchIsRefusedByHint() async throws {
        _ = try await push()
        try await pull()
        try fixture.build(in: theirs, steps: 7)
        _ = try await theirs.push([], to: Remote(server.address, for: theirs))
        try fixture.build(in: ours, steps: 8)
        let error = await #expect(throws: RemoteError.self) { try await push() }
        guard case .behind(_, ["refs/heads/smart-home"]) = error else {
            return #expect(Bool(false), "\(String(describing: error))")
        }
        _ = try await ours.pull(.everything, from: Remote(server.address, for: ours))
        #expect(try await push().changes.allSatisfy { $0.step == .forwarded })
    }
}
