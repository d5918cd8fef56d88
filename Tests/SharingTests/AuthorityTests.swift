import Foundation
import HTTP
import TestSupport
import Testing

@testable import Sharing
@testable import Store

/// A server whose certificate an authority of one's own signed.
@Suite(.enabled(if: ProgramRun.succeeds(["openssl", "version"]), "openssl makes the certificate"))
struct AuthorityTests {
    let fixture: SharingFixture
    let server: TestServer
    let ours: Store

    init() throws {
        fixture = try SharingFixture()
        let folder = fixture.place("server")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try ProgramRun.output(
            of: [
                "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", folder.appending(path: "key.pem").path,
                "-out", folder.appending(path: "cert.pem").path, "-days", "2", "-subj", "/CN=localhost", "-addext",
                "subjectAltName=DNS:localhost",
            ], mergesErrors: true)
        server = try TestServer(fixture)
        ours = try fixture.store("ours")
        try fixture.build(in: ours)
    }

    private var address: String { "https://localhost:\(server.port)/models.git" }

    private func set(_ key: String, _ value: String) throws {
        try fixture.git("config", key, value, in: fixture.place("ours/lineage.git"))
    }

    private func push() async throws -> (ExchangeSummary, [String]) {
        let remote = try Remote(address, for: ours, use: .sending, retries: Retries(attempts: 1), environment: [:])
        return (try await ours.push([], to: remote), remote.warnings)
    }

    /// Git's part and the files, each with its own library.
    @Test func gitsSettingNamesTheAuthority() async throws {
        let text = await failure { _ = try await push() }
        #expect(text.contains("signed by no authority"))
        #expect(text.contains("git config --global http.https://localhost:\(server.port)/.sslCAInfo FILE"))

        try set("http.https://localhost:\(server.port)/.sslCAInfo", server.folder.appending(path: "cert.pem").path)
        let (pushed, warnings) = try await push()
        #expect(pushed.objects == 1)
        #expect(warnings.isEmpty)

        // Without the setting, the server is a stranger again.
        try set("http.https://localhost:\(server.port)/.sslCAInfo", "")
        try fixture.build(in: ours, steps: 9)
        #expect(await failure { _ = try await push() }.contains("signed by no authority"))

        try set("http.https://localhost:\(server.port)/.sslCAInfo", fixture.place("nothing.pem").path)
        #expect(await failure { _ = try await push() }.contains("cannot be read"))

        try set("http.sslVerify", "false")
        try set("http.https://localhost:\(server.port)/.sslCAInfo", "")
        let (unchecked, warned) = try await push()
        #expect(unchecked.objects == 1)
        #expect(warned.first?.contains("http.sslVerify is false") == true)
    }
}

/// A proxy on the way to git's part of a remote and to its files.
@Suite struct ProxyTests {
    @Test func bothPartsGoThroughTheProxy() async throws {
        let fixture = try SharingFixture()
        let (proxy, store) = (try LoginLog(), try fixture.store("ours"))
        try fixture.git("config", "http.proxy", proxy.address, in: fixture.place("ours/lineage.git"))
        let address = "https://git.invalid/x.git"
        let remote = try Remote(address, for: store, retries: Retries(attempts: 1), environment: [:])
        #expect(remote.warnings.isEmpty)
        #expect(await failure { _ = try await store.pull(.everything, from: remote) }.contains("404"))
        let object = store.incomingObject(.init(hashing: "x"), size: 1, isRequired: true)
        _ = await failure { try await remote.remoteObjects().download([object], counting: TransferTally()) }
        let asked = proxy.requestLines()
        #expect(asked.allSatisfy { $0.contains("git.invalid:443") })
        #expect(asked.contains { $0.contains("libgit2") } && asked.contains { $0.contains("decant") })
        // Some hosts are reached without it.
        proxy.forgetRequests()
        let direct = try Remote(address, for: store, retries: Retries(attempts: 1), environment: ["NO_PROXY": ".invalid"])
        #expect(await failure { _ = try await store.pull(.everything, from: direct) } != "no failure")
        #expect(proxy.requestLines().isEmpty)
    }

    @Test func whatLibgit2DoesWithoutTheProxyIsSaid() async throws {
        let fixture = try SharingFixture()
        let store = try fixture.store("ours")
        let remote = try Remote("http://git.invalid/x.git", for: store, environment: ["http_proxy": "http://127.0.0.1:1"])
        #expect(remote.warnings.first?.contains("proxy") == true)
    }
}
