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
