import CanonicalJSON
import Foundation
import HTTP
import TestSupport
import Testing

@testable import Sharing
@testable import Store

/// What a Git LFS server wants of who asks too often, and what it says when it refuses.
@Suite struct RateLimitTests {
    let fixture: SharingFixture
    let server: TestServer
    let ours: Store
    let theirs: Store

    private static let retries = Retries(backoff: Backoff(first: 0.01, cap: 0.05))

    init() throws {
        fixture = try SharingFixture()
        server = try TestServer(fixture)
        ours = try fixture.store("ours")
        theirs = try fixture.store("theirs")
        try fixture.build(in: ours)
    }

    private func push() async throws -> ExchangeSummary {
        try await ours.push([], to: Remote(server.address, for: ours, use: .sending, retries: Self.retries))
    }

    private func pull() async throws -> ExchangeSummary {
        try await theirs.pull(.everything, from: Remote(server.address, for: theirs, retries: Self.retries))
    }

    private func count(_ part: String) throws -> Int { try server.requests().count { $0.contains(part) } }

    /// Batches, transfers and confirmations alike.
    @Test(arguments: ["batch", "object", "verify"], [429, 503])
    func aServerThatIsBusyIsAskedAgainWhenItWants(step: String, status: Int64) async throws {
        try server.set(["fail": [step: ["status": .integer(status), "times": 2, "after": "1"]]])
        let start = ContinuousClock.now
        #expect(try await push().objects == 1)
        #expect(ContinuousClock.now - start > .seconds(1.9))
    }

    @Test func aDownloadWaitsAsWell() async throws {
        _ = try await push()
        try server.set(["fail": ["object": ["status": 503, "times": 1, "after": "1"], "batch": ["status": 500, "times": 1]]])
        let start = ContinuousClock.now
        #expect(try await pull().objects == 1)
        #expect(ContinuousClock.now - start > .seconds(0.9))
    }

    @Test func aDateSaysWhenAsWell() async throws {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(secondsFromGMT: 0)
        formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        // A date has whole seconds.
        let time = Date(timeIntervalSince1970: (Date().timeIntervalSince1970 + 3).rounded(.down))
        let date = formatter.string(from: time)
        try server.set(["fail": ["batch": ["status": 429, "times": 1, "after": .string(date)]]])
        #expect(try await push().objects == 1)
        #expect(Date() > time - 0.1)
    }

    @Test func aServerThatStaysBusyEndsThePushInItsWords() async throws {
        try server.set(["fail": ["batch": ["status": 429, "times": 100, "body": "{\"message\": \"rate limited\"}"]]])
        let text = await failure { _ = try await push() }
        #expect(text.contains("HTTP status 429: rate limited"))
        #expect(try count("/objects/batch") == 4)
    }

    @Test func whatWillNotPassIsAskedOnce() async throws {
        try server.set(["fail": ["batch": ["status": 507, "times": 100, "body": "{\"message\": \"quota exceeded\"}"]]])
        #expect(await failure { _ = try await push() }.contains("507: quota exceeded"))
        #expect(try count("/objects/batch") == 1)
    }

    /// Links that are signed say with 403 that they are too old, those of some stores with 400, 404 or 410.
    @Test(arguments: [400, 403, 404, 410])
    func aLinkThatIsTooOldIsAskedForAnew(status: Int64) async throws {
        let expired = "<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>"
        let fault: JSON = ["fail": ["object": ["status": .integer(status), "times": 1, "body": .string(expired)]]]
        try server.set(fault)
        #expect(try await push().objects == 1)
        #expect(try count("/objects/batch") == 2)
    }

    @Test func aLinkThatIsNeverGoodIsTold() async throws {
        _ = try await push()
        let expired = "<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>"
        try server.set(["fail": ["object": ["status": 403, "times": 100, "body": .string(expired)]]])
        _ = try server.requests()
        #expect(await failure { _ = try await pull() }.contains("HTTP status 403: Request has expired"))
        #expect(try count("/objects/batch") == 2)
    }

    @Test func anObjectThatIsTooLargeIsToldAsThat() async throws {
        try server.set(["refuse": ["code": 422, "message": "object too large for plan"]])
        let text = await failure { _ = try await push() }
        #expect(text.contains("refused the object"))
        #expect(text.contains("object too large for plan (422)"))
        #expect(!text.contains("has no object"))
        #expect(try count("/objects/batch") == 1)
    }

    @Test func anObjectThatMayComeLaterIsAskedForAgain() async throws {
        try server.set(["refuse": ["code": 503, "message": "being moved"]])
        #expect(await failure { _ = try await push() }.contains("being moved (503)"))
        #expect(try count("/objects/batch") == 4)
    }

    @Test(arguments: [
        ("{\"message\": \"no\", \"documentation_url\": \"https://h/x\"}", "no; see https://h/x"),
        ("<Error><Message>Request has expired</Message></Error>", "Request has expired"),
        ("<html><head><title>502 Bad\nGateway</title></head>", "502 Bad Gateway"), ("out of order\n", "out of order"),
        ("{\"message\": \"a\\u001b[2Jb\"}", "a [2Jb"), ("<p>x</p>", ""), ("", ""),
    ])
    func whatAServerSaysIsReadInEachForm(body: String, text: String) {
        #expect(ServerMessage.text(in: Array(body.utf8)) == text)
    }
}
