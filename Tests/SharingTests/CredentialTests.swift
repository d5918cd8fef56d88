import CanonicalJSON
import Foundation
import HTTP
import TestSupport
import Testing

@testable import Sharing
@testable import Store

/// A server that writes down who says what to it.
final class LoginLog: FixtureServer {
    init() throws { try super.init("logins/server.py") }

    var address: String { "http://127.0.0.1:\(port)" }
    /// The same machine by another name: another server for a login.
    var otherName: String { "http://localhost:\(port)" }

    /// The `Authorization` of each request so far; `-` where there was none.
    func logins() throws -> [String] {
        try requestLines().map { try JSON(parsing: $0)["headers"]?["authorization"]?.string ?? "-" }
    }
}

/// A login goes to the server that it is for, and nothing of an address becomes a question about another one.
@Suite struct CredentialTests {
    let fixture: SharingFixture
    let store: Store

    init() throws {
        fixture = try SharingFixture()
        store = try fixture.store("ours")
    }

    @Test(arguments: [
        "http://h/x%0ahost=github.com%0aprotocol=https", "http://h/x%0Ahost=a", "http://h/x%0dy", "http://h/x%00y",
        "http://a%0ahost=b@h/x", "http://a:b%0a@h/x", "http://h%0ahost=b/x", "http://h/x%7f", "http://h/x?a%0ab",
        "http://h/%1b[2J",
        "https://h/x%09y", "ssh://h/x%0ay", "http://h/x#%0a",
    ])
    func anAddressWithAHiddenLineEndIsNoRemote(text: String) async {
        let message = await failure { _ = try RemoteAddress(text) }
        #expect(message.contains("no address of a repository needs") || message.contains("is no remote"))
        #expect(await failure { _ = try Remote("http://h/x", objectServer: text, for: store) } != "no failure")
    }

    @Test func whatStaysEncodedAfterDecodingOnceIsAnOrdinaryPath() throws {
        let url = try #require(URL(string: "https://h/a%250ab/%C3%A9"))
        #expect(Credentials.question(url, user: "me") == "protocol=https\nhost=h\npath=a%0ab/é\nusername=me\n\n")
    }

    @Test func aQuestionIsNeverAboutAnotherHost() throws {
        for text in ["http://h/x%0ahost=b", "http://h/x%0d", "http://h/%00", "http://h%2fb/x", "http://a%40h/x"] {
            guard let url = URL(string: text) else { continue }
            #expect(Credentials.question(url, user: nil) == nil, "\(text)")
        }
        let url = try #require(URL(string: "http://h:81/x"))
        #expect(Credentials.question(url, user: "a\nhost=b") == nil)
        #expect(Credentials.question(url, user: "a\u{0}") == nil)
        #expect(Credentials.question(url, user: nil) == "protocol=http\nhost=h:81\npath=x\n\n")
    }

    @Test func linksWithHiddenLineEndsAreRefused() throws {
        let server = try #require(URL(string: "https://h/lfs"))
        for link in ["https://h/x%0ay", "https://h/x%00", "/x%0d", "https:///x"] {
            let answer: JSON = [
                "objects": [
                    ["oid": .string(String(repeating: "a", count: 64)), "actions": ["download": ["href": .string(link)]]]
                ]
            ]
            #expect(throws: HTTPFailure.self, "\(link)") {
                try LFSBatch.items(in: answer.canonicalBytes, for: .download, server: server)
            }
        }
    }

    @Test func anAddressThatInsteadOfGivesIsHeldToTheSameRules() async throws {
        let lineage = fixture.place("ours/lineage.git")
        try fixture.git("config", "url.http://h/x%0ahost=b/.insteadOf", "short:", in: lineage)
        #expect(await failure { _ = try Remote("short:models", for: store) }.contains("no address of a repository needs"))
    }

    /// The login of an address is for its server, wherever that leads: another port, another name.
    @Test(arguments: [302, 307, 308])
    func aLoginDoesNotFollowARedirectionOfGit(status: Int64) async throws {
        let (home, abroad) = (try LoginLog(), try LoginLog())
        try abroad.set(["ask": true])
        for target in [abroad.address, abroad.otherName] {
            try home.set(["redirect": .string(target), "status": .integer(status)])
            let address = home.address.replacing("//", with: "//bob:PASSW0RD@") + "/x.git"
            let text = await failure { _ = try await store.pull(.everything, from: Remote(address, for: store)) }
            #expect(text.contains("cannot be used"))
            #expect(!text.contains("PASSW0RD"))
        }
        #expect(try abroad.logins().isEmpty == false)
        #expect(try abroad.logins().allSatisfy { $0 == "-" })
    }

    @Test func aLoginStaysWhereTheServerLeadsWithinItself() async throws {
        let server = try TestServer(fixture)
        try server.set(["auth": "me:open sesame"])
        let door = try LoginLog()
        try door.set(["redirect": .string("http://127.0.0.1:\(server.port)")])
        // Another port is another server: git's credential helpers may know a login for it, the address's is not sent.
        let text = await failure {
            let address = door.address.replacing("//", with: "//me:open%20sesame@") + "/models.git"
            _ = try await store.pull(.everything, from: Remote(address, for: store))
        }
        #expect(text.contains("it took no login"))
        // Without a login, the redirection is followed.
        try server.set([:])
        try fixture.build(in: store)
        _ = try await store.push([], to: Remote(server.address, for: store))
        let theirs = try fixture.store("theirs")
        let pulled = try await theirs.pull(
            .everything,
            from: Remote(door.address + "/models.git", objectServer: server.address + "/info/lfs", for: theirs))
        #expect(pulled.objects == 1)
    }

    @Test func gitsSettingForbidsRedirections() async throws {
        let door = try LoginLog()
        try door.set(["redirect": "http://127.0.0.1:1"])
        try fixture.git("config", "http.followRedirects", "false", in: fixture.place("ours/lineage.git"))
        let text = await failure { _ = try await store.pull(.everything, from: Remote(door.address + "/x.git", for: store)) }
        #expect(text.contains("http.followRedirects") || text.contains("cannot be used"))
    }

    @Test func aLoginDoesNotFollowARedirectionOfGitLFS() async throws {
        let (home, abroad) = (try LoginLog(), try LoginLog())
        try abroad.set(["ask": true])
        try home.set(["redirect": .string(abroad.address), "status": 307])
        let address = try RemoteAddress(home.address.replacing("//", with: "//bob:PASSW0RD@") + "/x.git/info/lfs")
        guard case .http(let url) = address.place else { return #expect(Bool(false)) }
        let server = LoginServer(url, credentials: Credentials(of: address, for: url), settings: NetworkSettings())
        let request = HTTPRequest(
            method: .post, url: url,
            headers: [("Accept", "a"), ("X-Auth-Token", "s3cret"), ("Cookie", "s3cret"), ("Private-Token", "s3cret")],
            body: BytesBody([1, 2, 3]))
        _ = try server.exchange(request, to: BytesSink(limit: 1000))
        #expect(try home.logins().contains { $0.hasPrefix("Basic ") })
        #expect(try abroad.logins() == ["-"])
        #expect(!abroad.requestLines().joined().contains("s3cret"))
        #expect(abroad.requestLines().joined().contains("\"accept\": \"a\""))
    }

    @Test func anObjectsLinkElsewhereGetsNoLogin() async throws {
        let (home, abroad) = (try LoginLog(), try LoginLog())
        try home.set(["ask": true, "batch": .string(abroad.address)])
        try abroad.set(["ask": true])
        let address = try RemoteAddress(home.address.replacing("//", with: "//bob:PASSW0RD@") + "/x.git")
        guard case .http(let url) = address.place else { return #expect(Bool(false)) }
        let server = LFSServer(
            LoginServer(url, credentials: Credentials(of: address, for: url), settings: NetworkSettings()),
            retries: Retries(attempts: 2, backoff: Backoff(first: 0.01, cap: 0.01)))
        let object = store.incomingObject(.init(hashing: "x"), size: 1, isRequired: true)
        #expect(await failure { try await server.download([object], counting: TransferTally()) } != "no failure")
        #expect(try abroad.logins().isEmpty == false)
        #expect(try abroad.logins().allSatisfy { $0 == "-" })
    }
}

/// `url.<base>.insteadOf`, for git's part and for the files.
@Suite struct AddressRewritingTests {
    private static let rewriting = AddressRewriting(
        GitConfiguration([
            .init(name: "url.https://mirror/.insteadof", value: "https://hub/"),
            .init(name: "url.https://mirror/team/.insteadof", value: "https://hub/team/"),
            .init(name: "url.ssh://git@hub/.pushinsteadof", value: "https://hub/"),
            .init(name: "url.https://hub.example.com/.insteadof", value: "hub:"),
            .init(name: "url.https://nothing/.insteadof", value: ""),
        ]))

    @Test func theLongestBeginningCounts() {
        let rules = Self.rewriting
        #expect(rules.meant(by: "https://hub/a", for: .receiving) == "https://mirror/a")
        #expect(rules.meant(by: "https://hub/team/a", for: .receiving) == "https://mirror/team/a")
        #expect(rules.meant(by: "hub:a.git", for: .receiving) == "https://hub.example.com/a.git")
        #expect(rules.meant(by: "https://other/a", for: .receiving) == "https://other/a")
    }

    @Test func pushesHaveRulesOfTheirOwn() {
        let rules = Self.rewriting
        #expect(rules.meant(by: "https://hub/a", for: .sending) == "ssh://git@hub/a")
        #expect(rules.meant(by: "hub:a.git", for: .sending) == "https://hub.example.com/a.git")
        #expect(rules.meant(by: "https://hub/a", for: .sending, isForPushes: true) == "https://mirror/a")
    }

    @Test func theFilesAreLookedForWhereTheAddressLeads() async throws {
        let fixture = try SharingFixture()
        let server = try TestServer(fixture)
        let (ours, theirs) = (try fixture.store("ours"), try fixture.store("theirs"))
        try fixture.build(in: ours)
        for name in ["ours", "theirs"] {
            let lineage = fixture.place("\(name)/lineage.git")
            try fixture.git("config", "url.http://127.0.0.1:\(server.port)/.insteadOf", "https://git.invalid/", in: lineage)
            try fixture.git("config", "remote.hub.url", "https://git.invalid/models.git", in: lineage)
        }
        #expect(try await ours.push([], to: Remote("https://git.invalid/models.git", for: ours, use: .sending)).objects == 1)
        #expect(try await theirs.pull(.everything, from: Remote("hub", for: theirs)).objects == 1)
        #expect(try fixture.holdsBuild(theirs))
    }

    @Test func aSettingOfTheLFSServerIsRewrittenAsWell() async throws {
        let fixture = try SharingFixture()
        let server = try TestServer(fixture)
        let ours = try fixture.store("ours")
        try fixture.build(in: ours)
        let remote = try fixture.bareRepository()
        let lineage = fixture.place("ours/lineage.git")
        try fixture.git("config", "url.\(server.address)/.insteadOf", "files:", in: lineage)
        #expect(
            try await ours.push([], to: Remote(remote.path, objectServer: "files:info/lfs", for: ours, use: .sending)).objects
                == 1)
        #expect(FileManager.default.fileExists(atPath: server.repository.appending(path: "lfs/objects").path))
    }
}
