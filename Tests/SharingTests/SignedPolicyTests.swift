import Foundation
import Store
import TestSupport
import Testing

@testable import Sharing
@testable import Trust

/// Forgeries that a remote shows to a store which wants everything signed: each is refused, and nothing of it is taken in.
@Suite struct SignedPolicyTests {
    struct Forgery: Sendable, CustomTestStringConvertible {
        var testDescription: String
        /// What the refusal says.
        var reason: String
        var policy = RemotePolicy.signed(by: [])
        var make: @Sendable (SignedRemote) throws -> Void

        init(
            _ name: String, _ reason: String, by principals: [String] = [],
            make: @escaping @Sendable (SignedRemote) throws -> Void
        ) {
            (testDescription, self.reason, self.make, policy) = (name, reason, make, .signed(by: principals))
        }
    }

    private static let armour = "-----BEGIN SSH SIGNATURE-----\nU1NIU0lH\n-----END SSH SIGNATURE-----"

    static let builds: [Forgery] = [
        Forgery("a build without a signature", "unsigned") { try $0.build(by: nil) },
        Forgery("a key that nobody knows", "unknown key SHA256:") { try $0.build(by: "eve") },
        Forgery("a key whose time is over", "has expired") { try $0.build(by: "old") },
        Forgery("a key whose time has not come", "not valid yet") { try $0.build(by: "young") },
        Forgery("a key that is allowed for files", "namespaces") { try $0.build(by: "filer") },
        Forgery("a signature for files", "another purpose") { try $0.build(by: "ann", namespace: "file") },
        Forgery(
            "an allowed signer, but not the one of the policy", "by bob@example.org, not by ann@example.org",
            by: ["ann@example.org"]
        ) { try $0.build(by: "bob") },
        Forgery("a text that begins like a signature", "only begins") { remote in
            try remote.build(by: nil)
            try remote.write(remote.text(of: remote.head()), signatures: armour)
        },
        Forgery("the first line of a signature alone", "only begins") { remote in
            try remote.build(by: nil)
            try remote.write(remote.text(of: remote.head()), signatures: "-----BEGIN SSH SIGNATURE-----")
        },
        Forgery("any words for a signature", "no signature") { remote in
            try remote.build(by: nil)
            try remote.write(remote.text(of: remote.head()), signatures: "signed by ann@example.org")
        },
        Forgery("the signature of another build", "changed or copied") { remote in
            let first = try remote.build(by: "ann").hex
            let text = try remote.text(of: remote.build(4, by: nil).hex)
            try remote.write(text, signatures: remote.signature(of: first))
        },
        Forgery("the author was changed", "changed or copied") { remote in
            let head = try remote.build(by: "ann").hex
            let text = try remote.text(of: head).replacing(/\nauthor [^<]*</, with: "\nauthor Mallory <")
            try remote.write(text, signatures: remote.signature(of: head))
        },
        Forgery("the words were changed", "changed or copied") { remote in
            let head = try remote.build(by: "ann").hex
            try remote.write(remote.text(of: head) + "approved\n", signatures: remote.signature(of: head))
        },
        Forgery("the time was changed", "changed or copied") { remote in
            let head = try remote.build(by: "ann").hex
            let text = try remote.text(of: head).replacing(#/> [0-9]+ /#, with: "> 1500000000 ")
            try remote.write(text, signatures: remote.signature(of: head))
        },
        Forgery("other weights under a signed build", "changed or copied") { remote in
            let head = try remote.build(by: "ann").hex
            // The same recipe with other weights, in a store of the forger's: its tree and its parents.
            let other = try remote.build(5, by: nil).hex
            let (signed, forged) = (try remote.text(of: head), try remote.text(of: other))
            let header = forged.components(separatedBy: "\nauthor ")[0]
            let rest = signed.components(separatedBy: "\nauthor ").dropFirst().joined(separator: "\nauthor ")
            try remote.write(header + "\nauthor " + rest, signatures: remote.signature(of: head))
        },
        Forgery("two signatures, the first of them right", "2 signatures") { remote in
            let head = try remote.build(by: "ann").hex
            try remote.write(remote.text(of: head), signatures: remote.signature(of: head), armour)
        },
        Forgery("more behind the signature", "only begins") { remote in
            let head = try remote.build(by: "ann").hex
            try remote.write(remote.text(of: head), signatures: remote.signature(of: head) + "\nand not signed")
        },
        Forgery("a signature of OpenPGP", "cannot be checked") { remote in
            try remote.build(by: nil)
            try remote.write(
                remote.text(of: remote.head()),
                signatures: "-----BEGIN PGP SIGNATURE-----\n\niQEz\n-----END PGP SIGNATURE-----")
        },
        Forgery("an older build without a signature below a signed one", "unsigned") { remote in
            try remote.build(3, by: nil)
            try remote.build(4, by: "ann")
        },
        Forgery("an older build by a stranger below a signed one", "unknown key") { remote in
            try remote.build(3, by: "eve")
            try remote.build(4, by: "ann")
        },
        Forgery("a newer build without a signature on top of a signed one", "unsigned") { remote in
            try remote.build(3, by: "ann")
            try remote.build(4, by: nil)
        },
        Forgery("the same build once more, unsigned", "unsigned") { remote in
            let head = try remote.build(by: "ann").hex
            try remote.write(remote.text(of: head))
        },
        Forgery("a second recipe without a signature", "the build") { remote in
            try remote.build(by: "ann")
            try remote.fixture.build("other", in: remote.store, steps: 4)
        },
    ]

    static let tags: [Forgery] = [
        Forgery("a tag without a signature", "the tag v1: unsigned") { remote in
            let head = try remote.build(by: "ann")
            _ = try remote.store.makeTag("v1", of: head, message: "x", replacing: false)
        },
        Forgery("a plain ref for a tag", "the tag v1: unsigned") { remote in
            _ = try remote.git("update-ref", "refs/tags/v1", remote.build(by: "ann").hex)
        },
        Forgery("a tag by a key that nobody knows", "the tag v1: unknown key") { remote in
            let head = try remote.build(by: "ann")
            _ = try remote.store.makeTag("v1", of: head, message: "x", replacing: false, signer: remote.signer("eve"))
        },
        Forgery("a tag by a key whose time is over", "has expired") { remote in
            let head = try remote.build(by: "ann")
            _ = try remote.store.makeTag("v1", of: head, message: "x", replacing: false, signer: remote.signer("old"))
        },
        Forgery("a tag signed for files", "another purpose") { remote in
            let head = try remote.build(by: "ann")
            _ = try remote.store.makeTag(
                "v1", of: head, message: "x", replacing: false, signer: remote.signer("ann", namespace: "file"))
        },
        Forgery("a signed tag under another name", "it signs the tag v1, not v2") { remote in
            let head = try remote.build(by: "ann")
            _ = try remote.store.makeTag("v1", of: head, message: "x", replacing: false, signer: remote.signer("ann"))
            _ = try remote.git("update-ref", "refs/tags/v2", remote.git("rev-parse", "refs/tags/v1"))
        },
        Forgery("the signature of another tag", "changed or copied") { remote in
            let head = try remote.build(by: "ann")
            let signature = try remote.ring.sign(remote.tagText("v1", of: head.hex), with: "ann")
            try remote.writeTag(remote.tagText("v2", of: head.hex) + signature, as: "v2")
        },
        Forgery("a tag that was moved under its signature", "changed or copied") { remote in
            let first = try remote.build(3, by: "ann")
            let second = try remote.build(4, by: "ann")
            let signature = try remote.ring.sign(remote.tagText("v1", of: first.hex), with: "ann")
            try remote.writeTag(remote.tagText("v1", of: second.hex) + signature, as: "v1")
        },
        Forgery("a tag that begins like a signature", "only begins") { remote in
            let head = try remote.build(by: "ann")
            try remote.writeTag(remote.tagText("v1", of: head.hex) + "-----BEGIN SSH SIGNATURE-----\n", as: "v1")
        },
        Forgery("a tag with words behind its signature", "only begins") { remote in
            let text = remote.tagText("v1", of: try remote.build(by: "ann").hex)
            try remote.writeTag(text + remote.ring.sign(text, with: "ann") + "not signed\n", as: "v1")
        },
        Forgery("a tag with two signatures", "changed or copied") { remote in
            let text = remote.tagText("v1", of: try remote.build(by: "ann").hex)
            let signature = try remote.ring.sign(text, with: "ann")
            try remote.writeTag(text + signature + signature, as: "v1")
        },
        Forgery("a tag by one who is not the policy's", "not by ann@example.org", by: ["ann@example.org"]) { remote in
            let head = try remote.build(by: "ann")
            _ = try remote.store.makeTag("v1", of: head, message: "x", replacing: false, signer: remote.signer("bob"))
        },
        Forgery("an unsigned tag around a signed one", "the tag v1: unsigned") { remote in
            let head = try remote.build(by: "ann")
            _ = try remote.store.makeTag("v0", of: head, message: "x", replacing: false, signer: remote.signer("ann"))
            let inner = try remote.git("rev-parse", "refs/tags/v0")
            try remote.writeTag(
                remote.tagText("v1", of: inner).replacing("type commit", with: "type tag"), as: "v1")
        },
        Forgery("an unsigned tag of an artifact", "the tag v1: unsigned") { remote in
            let model = try remote.fixture.build(in: remote.store, signer: remote.signer("ann")).model
            _ = try remote.store.makeTag("v1", of: model, message: "x", replacing: false)
        },
    ]

    @Test(arguments: builds + tags, [false, true]) func aForgeryIsRefusedAsAWhole(_ forgery: Forgery, overHTTP: Bool)
        async throws
    {
        let fixture = try SharingFixture()
        let remote = try SignedRemote(fixture)
        try forgery.make(remote)
        let ours = try fixture.store("ours")
        var address = remote.repository.path
        var server: TestServer?
        if overHTTP {
            let started = try TestServer(fixture)
            _ = try remote.git("push", "--quiet", started.repository.path, "refs/*:refs/*")
            address = started.address
            server = started
        }
        try ours.trust(remote.signers(), [(address, forgery.policy)])
        let before = try fixture.state(of: "ours")
        let refusal = await failure { _ = try await ours.pull(.everything, from: Remote(address, for: ours)) }
        #expect(refusal.contains(forgery.reason), "\(refusal)")
        #expect(refusal.contains("nothing of it was taken in"))
        #expect(refusal.contains("--accept "))
        #expect(try fixture.state(of: "ours") == before)
        withExtendedLifetime(server) {}
    }

    @Test func whatIsSignedAsThePolicyAsksIsTaken() async throws {
        let fixture = try SharingFixture()
        let remote = try SignedRemote(fixture)
        try remote.build(3, by: "ann")
        let head = try remote.build(4, by: "bob")
        _ = try remote.store.makeTag("v1", of: head, message: "x", replacing: false, signer: remote.signer("ann"))
        let ours = try fixture.store("ours")
        try ours.trust(remote.signers(), [("*", .signed(by: []))])
        let summary = try await ours.pull(.everything, from: Remote(remote.repository.path, for: ours))
        #expect(summary.changes.map(\.name) == ["refs/heads/smart-home", "refs/tags/v1"])
        #expect(try fixture.holdsBuild(ours, steps: 3) && fixture.holdsBuild(ours, steps: 4))
        #expect(try ours.check().problems == [])
        let judge = try ours.trust().judge
        #expect(try ours.verdict(onCommit: head, by: judge).words == "valid, by bob@example.org")
        #expect(try ours.verdict(onTag: "v1", by: judge).words == "valid, by ann@example.org")
    }

    /// A result that no signed build has is not asked for: nobody stands for it.
    @Test func aResultThatNobodySignedStaysThere() async throws {
        let fixture = try SharingFixture()
        let remote = try SignedRemote(fixture)
        try remote.build(3, by: "ann")
        let rows = try #require(try remote.store.result(of: SharingFixture.dataAction().key))
        let action = SharingFixture.modelAction(rows, steps: 9)
        let forged = try fixture.artifact(["model.safetensors": Data("evil".utf8)], in: remote.store)
        let data = try #require(try remote.store.builds(of: "smart-home").first?.stages.first).commit
        _ = try remote.store.record(action, parents: [data], artifact: forged)
        let ours = try fixture.store("ours")
        try ours.trust(remote.signers(), [("*", .signed(by: []))])
        _ = try await ours.pull(.everything, from: Remote(remote.repository.path, for: ours))
        #expect(try ours.result(of: action.key) == nil)
        #expect(try fixture.holdsBuild(ours, steps: 3))
    }

    /// `build --remote` takes single results: those of signed builds and tags, and no others.
    @Test func aBuildTakesOnlyResultsThatAreSignedFor() async throws {
        let fixture = try SharingFixture()
        let remote = try SignedRemote(fixture)
        try remote.build(3, by: "ann")
        let rows = try #require(try remote.store.result(of: SharingFixture.dataAction().key))
        // Another recipe, unsigned, with a result of its own; and a model that a signed tag names.
        try fixture.build("other", in: remote.store, steps: 4)
        let tagged = try fixture.build("third", in: remote.store, steps: 5).model
        _ = try remote.store.makeTag("v1", of: tagged, message: "x", replacing: false, signer: remote.signer("bob"))
        let ours = try fixture.store("ours")
        try ours.trust(remote.signers(), [("*", .signed(by: []))])
        let warnings = Warnings()
        let cache = await RemoteCache(try Remote(remote.repository.path, for: ours), for: ours) { warnings.add($0) }
        #expect(await cache.result(of: SharingFixture.modelAction(rows, steps: 3).key) != nil)
        #expect(await cache.result(of: SharingFixture.modelAction(rows, steps: 5).key) != nil)
        #expect(warnings.all == [])
        #expect(await cache.result(of: SharingFixture.modelAction(rows, steps: 4).key) == nil)
        #expect(warnings.all.count == 1 && warnings.all[0].contains("as the policy for"))
        #expect(try ours.result(of: SharingFixture.modelAction(rows, steps: 4).key) == nil)
    }

    @Test func aPersonMayTakeOneByItsName() async throws {
        let fixture = try SharingFixture()
        let remote = try SignedRemote(fixture)
        let first = try remote.build(3, by: nil)
        let head = try remote.build(4, by: "ann")
        _ = try remote.store.makeTag("v1", of: head, message: "x", replacing: false)
        let ours = try fixture.store("ours")
        try ours.trust(remote.signers(), [("*", .signed(by: []))])
        let address = remote.repository.path
        func pull(_ accepted: Set<String>) async -> String {
            await failure { _ = try await ours.pull(.everything, from: Remote(address, for: ours), accepting: accepted) }
        }
        #expect(await pull(["v1"]).contains(first.hex.prefix(12)))
        #expect(await pull(["smart-home"]).contains("the tag v1"))
        #expect(await pull(["smart", "v", first.hex.prefix(6).description]).contains("unsigned"))
        #expect(await pull(["v1", String(first.hex.prefix(9))]) == "no failure")
        #expect(try fixture.holdsBuild(ours, steps: 4))
    }

    @Test func settingsThatCannotBeReadLetNothingIn() async throws {
        let fixture = try SharingFixture()
        let remote = try SignedRemote(fixture)
        try remote.build(by: nil)
        let ours = try fixture.store("ours")
        try ours.editTrust(Trust.settingsFile) { $0 = "{\"remotes\": [{\"remote\": \"*\", \"policy\": \"singed\"}]}" }
        let refusal = await failure { _ = try await ours.pull(.everything, from: Remote(remote.repository.path, for: ours)) }
        #expect(refusal.contains("trust/settings.json"))
        #expect(try ours.recipes() == [])
    }
}

extension Store {
    /// Sets whom a store trusts.
    func trust(_ signers: String, _ rules: [(String, RemotePolicy)] = []) throws {
        try editTrust(Trust.signersFile) { $0 = signers }
        try editTrust(Trust.settingsFile) { text in
            var settings = try TrustSettings(text: text)
            for (pattern, policy) in rules { settings.set(RemoteRule(pattern: pattern, policy: policy)) }
            text = settings.text
        }
    }
}
