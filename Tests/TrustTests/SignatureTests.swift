import Foundation
import Store
import TestSupport
import Testing

@testable import Trust

@Suite struct SignatureTests {
    let ring = KeyRing()
    private let text = "what is signed\n"
    private let day = Date(timeIntervalSince1970: 1_750_000_000)

    private func verdict(
        _ signature: String, on text: String? = nil, _ signers: URL?, revoked: URL? = nil, by principals: [String] = [],
        time: Date? = nil
    ) -> SignatureVerdict {
        SignatureJudge(signers: signers, revoked: revoked).verdict(
            on: Array((text ?? self.text).utf8), signature: signature, time: time ?? day, by: principals)
    }

    @Test func anAllowedSignerIsNamed() throws {
        let signers = try ring.list("ann@example.org \(ring.key("ann"))")
        let found = try verdict(ring.sign(text, with: "ann"), signers)
        guard case .valid("ann@example.org", let key) = found else {
            Issue.record("\(found)")
            return
        }
        #expect(try ring.key("ann").hasPrefix("ssh-ed25519"))
        #expect(key == AllowedSigner(line: "x \(try ring.key("ann"))")?.fingerprint)
        #expect(found.words == "valid, by ann@example.org")
    }

    @Test func aKeyThatIsOnNoListIsUnknown() throws {
        let signature = try (ring.key("ann"), ring.sign(text, with: "ann")).1
        let key = try #require(AllowedSigner(line: "x \(try ring.key("ann"))")?.fingerprint)
        #expect(verdict(signature, nil) == .unknownKey(key))
        #expect(try verdict(signature, ring.list("bob@example.org \(ring.key("bob"))")) == .unknownKey(key))
        #expect(try verdict(signature, ring.list("# nobody")) == .unknownKey(key))
        #expect(verdict(signature, ring.file("no-such-list")) == .unknownKey(key))
    }

    /// A forgery, and a part of why it does not hold.
    struct Forgery: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var reason: String
        var make: @Sendable (KeyRing, String) throws -> String
    }

    static let forgeries: [Forgery] = [
        Forgery(testDescription: "copied from another text", reason: "copied") { ring, _ in
            try ring.sign("something else\n", with: "ann")
        },
        Forgery(testDescription: "a byte of the text is added", reason: "changed") { ring, text in
            try ring.sign(text + "\n", with: "ann")
        },
        Forgery(testDescription: "for another namespace", reason: "another purpose") { ring, text in
            try ring.sign(text, with: "ann", namespace: "file")
        },
        Forgery(testDescription: "for a namespace that begins alike", reason: "another purpose") { ring, text in
            try ring.sign(text, with: "ann", namespace: "git2")
        },
        Forgery(testDescription: "only the beginning", reason: "only begins") { _, _ in "-----BEGIN SSH SIGNATURE-----\n" },
        Forgery(testDescription: "beginning and end", reason: "") { _, _ in
            "-----BEGIN SSH SIGNATURE-----\n-----END SSH SIGNATURE-----\n"
        },
        Forgery(testDescription: "the magic word alone", reason: "only begins") { _, _ in
            "-----BEGIN SSH SIGNATURE-----\nU1NIU0lH\n-----END SSH SIGNATURE-----\n"
        },
        Forgery(testDescription: "no Base64", reason: "only begins") { _, _ in
            "-----BEGIN SSH SIGNATURE-----\n%%%\n-----END SSH SIGNATURE-----\n"
        },
        Forgery(testDescription: "a public key in armour", reason: "") { ring, _ in
            "-----BEGIN SSH SIGNATURE-----\n\(try ring.key("ann").split(separator: " ")[1])\n-----END SSH SIGNATURE-----\n"
        },
        Forgery(testDescription: "more behind it", reason: "only begins") { ring, text in
            try ring.sign(text, with: "ann") + "and this was not signed\n"
        },
        Forgery(testDescription: "two signatures", reason: "only begins") { ring, text in
            try ring.sign(text, with: "ann") + ring.sign(text, with: "ann")
        },
        Forgery(testDescription: "a line cut out", reason: "") { ring, text in
            var lines = try ring.sign(text, with: "ann").split(separator: "\n")
            lines.remove(at: 2)
            return lines.joined(separator: "\n") + "\n"
        },
        Forgery(testDescription: "another kind of armour", reason: "no signature") { _, _ in
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
        },
        Forgery(testDescription: "a letter of it changed", reason: "") { ring, text in
            let signature = try ring.sign(text, with: "ann")
            let end = try #require(signature.range(of: "\n-----END")?.lowerBound)
            let place = signature.index(end, offsetBy: -20)
            return signature.replacingCharacters(in: place...place, with: signature[place] == "A" ? "B" : "A")
        },
    ]

    @Test(arguments: forgeries) func aForgeryIsBad(_ forgery: Forgery) throws {
        let signers = try ring.list("ann@example.org \(ring.key("ann"))")
        let found = try verdict(forgery.make(ring, text), signers)
        guard case .bad(let reason) = found else {
            Issue.record("\(found)")
            return
        }
        #expect(forgery.reason.isEmpty || reason.contains(forgery.reason), "\(reason)")
    }

    @Test(arguments: [
        ("valid-before=\"20200101\"", "expired"), ("valid-after=\"20300101\"", "not valid yet"),
        ("namespaces=\"file\"", "namespaces"), ("namespaces=\"file,git2\"", "namespaces"),
    ]) func aKeyThatIsNotAllowedForThisIsBad(option: String, reason: String) throws {
        let signers = try ring.list("ann@example.org \(option) \(ring.key("ann"))")
        let found = try verdict(ring.sign(text, with: "ann"), signers)
        guard case .bad(let text) = found else {
            Issue.record("\(found)")
            return
        }
        #expect(text.contains(reason) && text.contains("SHA256:"))
    }

    @Test func aKeyCountsInItsTime() throws {
        let signers = try ring.list(
            "ann@example.org namespaces=\"git\",valid-after=\"20250101\",valid-before=\"20260101\" \(ring.key("ann"))")
        #expect(try verdict(ring.sign(text, with: "ann"), signers).isValid)
    }

    @Test func aRevokedKeyIsBad() throws {
        let signers = try ring.list("ann@example.org \(ring.key("ann"))", "bob@example.org \(ring.key("bob"))")
        let revoked = ring.file("ann.pub")
        let found = try verdict(ring.sign(text, with: "ann"), signers, revoked: revoked)
        guard case .bad(let reason) = found else {
            Issue.record("\(found)")
            return
        }
        #expect(reason.contains("is revoked"))
        #expect(try verdict(ring.sign(text, with: "bob"), signers, revoked: revoked).isValid)
    }

    @Test func onlyThePrincipalWhoIsAskedForCounts() throws {
        let signers = try ring.list(
            "ann@example.org \(ring.key("ann"))", "bob@example.org,robert@example.org \(ring.key("bob"))",
            "*@example.net \(ring.key("cal"))")
        let (ann, bob) = (try ring.sign(text, with: "ann"), try ring.sign(text, with: "bob"))
        let cal = try ring.sign(text, with: "cal")
        #expect(verdict(ann, signers, by: ["ann@example.org"]).isValid)
        #expect(verdict(bob, signers, by: ["robert@example.org"]).words == "valid, by robert@example.org")
        #expect(verdict(cal, signers, by: ["cal@example.net"]).words == "valid, by cal@example.net")
        for other in [verdict(bob, signers, by: ["ann@example.org"]), verdict(cal, signers, by: ["ann@example.org"])] {
            guard case .bad(let reason) = other else {
                Issue.record("\(other)")
                continue
            }
            #expect(reason.contains("not by ann@example.org"))
        }
    }

    @Test func aCertificateCountsWhereItsAuthorityDoes() throws {
        _ = (try ring.key("bob"), try ring.key("ca"))
        let certificate = try ring.certificate(of: "bob", by: "ca", for: "bob@example.org", "20200101:20300101")
        let signature = try ring.sign(text, with: certificate)
        let ca = try ring.key("ca")
        #expect(try verdict(signature, ring.list("*@example.org cert-authority \(ca)")).words == "valid, by bob@example.org")
        #expect(try !verdict(signature, ring.list("*@example.org \(ca)")).isValid)
        #expect(try !verdict(signature, ring.list("*@example.net cert-authority \(ca)")).isValid)
        let late = Date(timeIntervalSince1970: 2_000_000_000)
        let expired = try verdict(signature, ring.list("*@example.org cert-authority \(ca)"), time: late)
        guard case .bad(let reason) = expired else {
            Issue.record("\(expired)")
            return
        }
        #expect(reason.contains("certificate"))
    }

    @Test func whatNothingCanCheckIsNeverValid() throws {
        for armour in ["PGP SIGNATURE", "PGP MESSAGE", "SIGNED MESSAGE"] {
            let found = verdict("-----BEGIN \(armour)-----\nx\n-----END \(armour)-----\n", nil)
            #expect(!found.isValid && found.words.hasPrefix("cannot be checked: "))
        }
        try ring.key("ann")
        let judge = SignatureJudge(signers: nil, program: "no-such-keygen")
        let signature = try ring.sign(text, with: "ann")
        let found = judge.verdict(on: Array(text.utf8), signature: signature, time: day)
        #expect(found.words.contains("no program 'no-such-keygen'"))
    }
}
