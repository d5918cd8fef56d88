import BuildModel
import Foundation
import TestSupport
import Testing

@testable import Sharing
@testable import Store
@testable import Trust

/// Ann is an honest witness of both stages; the second one is forged. The policy asks for two.
@Suite struct WitnessForgeryTests {
    /// What becomes of a forgery where no policy asks for witnesses.
    enum Fate: Sendable, Equatable {
        /// It stays there, and this is said of it.
        case leftOut(String)
        /// It comes, is shown, and does not count.
        case taken
        /// It comes, and somebody who counts says that the bytes are others.
        case disputed
    }

    struct Forgery: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var fate: Fate
        var principals: [String] = []
        var make: @Sendable (WitnessRemote) throws -> Void

        init(
            _ name: String, _ fate: Fate, by principals: [String] = [], make: @escaping @Sendable (WitnessRemote) throws -> Void
        ) {
            (testDescription, self.fate, self.principals, self.make) = (name, fate, principals, make)
        }
    }

    private static let notAsWritten = Fate.leftOut("is not as Decant writes one")

    static let people: [Forgery] = [
        Forgery("nobody else", .taken) { _ in },
        Forgery("the same person once more", .taken) { try $0.testify("ann") },
        Forgery("the same witness once more, at another time", .taken) { remote in
            var later = remote.honest
            for index in later.indices { later[index].time += 60 }
            try remote.testify("ann", later)
        },
        Forgery("a key that nobody knows", .taken) { try $0.testify("eve") },
        Forgery("two keys that nobody knows", .taken) { remote in
            try remote.testify("eve")
            try remote.testify("gone")
        },
        Forgery("a key whose time is over", .taken) { try $0.testify("old") },
        Forgery("a key whose time has not come", .taken) { try $0.testify("young") },
        Forgery("a key that is allowed for files", .taken) { try $0.testify("filer") },
        Forgery("a second key of the same name", .taken) { try $0.testify("ann2") },
        Forgery("a key under a second name of the same person", .taken) { try $0.testify("annes") },
        Forgery("a name that stands for anybody", .taken) { try $0.testify("anybody") },
        Forgery("an allowed signer who is not the policy's", .taken, by: ["ann@example.org"]) { try $0.testify("bob") },
        Forgery("a signature for files", .leftOut("another purpose")) { try $0.testify("bob", namespace: "file") },
        Forgery("no signature", .leftOut("no signature")) { try $0.write($0.files, signature: "signed by bob@example.org") },
        Forgery("the first line of a signature", .leftOut("only begins")) {
            try $0.write($0.files, signature: "-----BEGIN SSH SIGNATURE-----")
        },
        Forgery("Ann's signature below Bob's name", .leftOut("changed or copied")) { remote in
            let ann = try #require(try remote.store.witnesses().known.first).commit.hex
            try remote.write(remote.files, signature: remote.signed.signature(of: ann))
        },
        Forgery("altered statements under a good signature", .leftOut("changed or copied")) { remote in
            let honest = try remote.testify("bob", [WitnessRemote.statement(remote.data)]).hex
            let text = try remote.signed.text(of: honest)
            let tree = try remote.signed.git("rev-parse", "\(try remote.write(remote.files, by: "eve"))^{tree}")
            let place = "refs/hidden"
            let forged = try remote.signed.write(
                text.replacing(#/^tree [0-9a-f]+/#, with: "tree \(tree)"), signatures: remote.signed.signature(of: honest),
                to: place)
            _ = try remote.signed.git("update-ref", "-d", place)
            _ = try remote.signed.git("update-ref", WitnessCommit.reference(of: CommitID(hex: forged)), forged)
        },
    ]

    static let words: [Forgery] = [
        Forgery("about other stages alone", .taken) { remote in
            var statement = WitnessRemote.statement(remote.model)
            statement.action = Digest(hashing: "another action")
            try remote.testify("bob", [WitnessRemote.statement(remote.data), statement])
        },
        Forgery("other bytes of the model", .disputed) { remote in
            try remote.testify("bob", [WitnessRemote.statement(remote.model, made: WitnessRemote.other)])
        },
        Forgery("a pass of another artifact", .disputed) { remote in
            var statement = WitnessRemote.statement(remote.model)
            statement.artifact = WitnessRemote.other
            statement.made = WitnessRemote.other
            try remote.testify("bob", [WitnessRemote.statement(remote.data), statement])
        },
        Forgery("the artifact of the other stage", .disputed) { remote in
            var statement = WitnessRemote.statement(remote.model)
            statement.artifact = remote.data.artifact.digest
            statement.made = statement.artifact
            try remote.testify("bob", [statement])
        },
        Forgery("a person who said both", .disputed) { remote in
            try remote.testify("bob")
            try remote.testify("bob", [WitnessRemote.statement(remote.model, made: WitnessRemote.other)])
        },
        Forgery("a stage that could not be run", .taken) { remote in
            try remote.testify(
                "bob", [WitnessRemote.statement(remote.data), WitnessRemote.statement(remote.model, fails: true)])
        },
        Forgery("a stranger who got other bytes", .taken) { remote in
            try remote.testify("eve", [WitnessRemote.statement(remote.model, made: WitnessRemote.other)])
        },
        Forgery("a statement copied to another action's name", .leftOut("about another action")) { remote in
            let files = remote.files
            try remote.write([(files[0].name, files[1].bytes), (files[1].name, files[0].bytes)])
        },
        Forgery("a pass that names other bytes", notAsWritten) { remote in
            try remote.writeChanged {
                $0.replacing("\"decant_program\"", with: "\"decant_made\":\"\(WitnessRemote.other.hex)\",\"decant_program\"")
            }
        },
        Forgery("a failure that names the same bytes", notAsWritten) { remote in
            let digest = remote.model.artifact.digest.hex
            try remote.writeChanged {
                $0.replacing("PASSED", with: "FAILED").replacing("DECANT_RUN_AGAIN", with: "FAILED")
                    .replacing("\"decant_program\"", with: "\"decant_made\":\"\(digest)\",\"decant_program\"")
            }
        },
        Forgery("a pass whose levels say that it failed", notAsWritten) { remote in
            try remote.writeChanged { $0.replacing("DECANT_RUN_AGAIN", with: "FAILED") }
        },
        Forgery("a result of its own", notAsWritten) { remote in
            try remote.writeChanged { $0.replacing("PASSED", with: "SURE") }
        },
        Forgery("two subjects", notAsWritten) { remote in
            try remote.writeChanged {
                $0.replacing("}]}", with: "},{\"digest\":{\"sha256\":\"\(WitnessRemote.other.hex)\"}}]}")
            }
        },
        Forgery("a member twice", notAsWritten) { remote in
            try remote.writeChanged { $0.replacing("{\"_type\"", with: "{\"_type\":\"x\",\"_type\"") }
        },
        Forgery("a member more", notAsWritten) { remote in
            try remote.writeChanged { $0.replacing("{\"_type\"", with: "{\"_extra\":1,\"_type\"") }
        },
        Forgery("another predicate", notAsWritten) { remote in
            try remote.writeChanged { $0.replacing("verification_summary/v1", with: "provenance/v1") }
        },
    ]

    static let bytes: [Forgery] = [
        Forgery("a number for a digest", notAsWritten) { remote in
            try remote.writeChanged { $0.replacing(/"decant_action":"[0-9a-f]+"/, with: "\"decant_action\":7") }
        },
        Forgery("a list for the predicate", notAsWritten) { remote in
            try remote.writeChanged { $0.replacing("\"predicate\":{", with: "\"predicate\":[").replacing("}}\n", with: "]}\n") }
        },
        Forgery("cut in the middle", notAsWritten) { remote in try remote.writeChanged { String($0.prefix($0.count / 2)) } },
        Forgery("nothing", notAsWritten) { remote in try remote.writeChanged { _ in "" } },
        Forgery("a space more", notAsWritten) { remote in try remote.writeChanged { " " + $0 } },
        Forgery("a digest in capitals", notAsWritten) { remote in
            let hex = remote.model.artifact.digest.hex
            try remote.writeChanged { $0.replacing(hex, with: hex.uppercased()) }
        },
        Forgery("brackets 4,000 deep", notAsWritten) { remote in
            try remote.writeChanged { _ in String(repeating: "[", count: 4000) + String(repeating: "]", count: 4000) }
        },
        Forgery("twenty million bytes", .leftOut("more than 8192 bytes")) { remote in
            try remote.writeChanged { $0 + String(repeating: " ", count: 20_000_000) }
        },
        Forgery("a verifier that moves the cursor", notAsWritten) { remote in
            try remote.writeChanged { $0.replacing("mailto:ann", with: "\\u001b[2Jann") }
        },
        Forgery("no UTF-8", notAsWritten) { remote in
            var files = remote.files
            files[1].bytes[20] = 0xFF
            try remote.write(files)
        },
        Forgery("a file with another name", .leftOut("is no statement about an action")) { remote in
            try remote.write(remote.files + [("README", Array("hello\n".utf8))])
        },
        Forgery("an executable statement", .leftOut("is executable")) { try $0.write($0.files, mode: "100755") },
        Forgery("a link", .leftOut("is a symbolic link")) { try $0.write($0.files, mode: "120000") },
        Forgery("no statement at all", .leftOut("0 statements")) { try $0.write([]) },
        Forgery("other words in the commit", .leftOut("is not as Decant writes")) {
            try $0.write($0.files, message: "Trust me\n")
        },
        Forgery("a commit with a parent", .leftOut("without parents")) { remote in
            try remote.write(remote.files, headers: "parent \(remote.model.commit.hex)\n")
        },
        Forgery("a ref that names the build", .leftOut("names the commit that it is named for")) { remote in
            let witness = try remote.testify("bob")
            _ = try remote.signed.git("update-ref", WitnessCommit.reference(of: witness), remote.signed.head())
        },
        Forgery("a ref that is named for nothing", .leftOut("names the commit that it is named for")) { remote in
            try remote.write(remote.files, to: "refs/decant/witnesses/bob")
        },
        Forgery("the build under a witness's ref", .leftOut("its commit is not as Decant writes")) { remote in
            let head = try remote.signed.head()
            _ = try remote.signed.git("update-ref", WitnessCommit.reference(of: CommitID(hex: head)), head)
        },
        Forgery("a tag object", .leftOut("names no commit")) { remote in
            let witness = try remote.write(remote.files, by: "eve")
            let tag = try remote.signed.git("mktag", input: remote.signed.tagText("v1", of: witness))
            _ = try remote.signed.git("update-ref", WitnessCommit.reference(of: CommitID(hex: tag)), tag)
        },
    ]

    private static func signers(_ forgery: Forgery, _ remote: WitnessRemote) throws -> String {
        let ring = remote.signed.ring
        // Ann has another key under her own name, and a third under another one. A key that may sign for anybody makes one
        // person of all.
        return try remote.signed.signers()
            + "Ann@Example.org \(ring.key("ann2"))\nann@example.org,anne@example.net \(ring.key("ann3"))\n"
            + "anne@example.net \(ring.key("annes"))\n"
            + (forgery.testDescription.contains("anybody") ? "*@example.org \(ring.key("anybody"))\n" : "")
    }

    @Test(arguments: people + words + bytes) func aForgedWitnessCountsForNothing(_ forgery: Forgery) async throws {
        let fixture = try SharingFixture()
        let remote = try WitnessRemote(fixture)
        for name in ["ann2", "ann3", "annes", "anybody"] { try remote.signed.ring.key(name) }
        try remote.testify("ann")
        try forgery.make(remote)

        // Where two witnesses are asked for, nothing comes in.
        let ours = try fixture.store("ours")
        try ours.trust(Self.signers(forgery, remote), [(remote.address, .reproduced(2, by: forgery.principals))])
        let before = try fixture.state(of: "ours")
        let refusal = await failure { _ = try await ours.pull(.everything, from: Remote(remote.address, for: ours)) }
        #expect(refusal.contains(forgery.fate == .disputed ? "witnesses disagree" : "1 of the 2 witnesses"), "\(refusal)")
        #expect(refusal.contains("nothing of it was taken in"))
        #expect(try fixture.state(of: "ours") == before)

        // A build takes no result either.
        let warnings = Warnings()
        let cache = await RemoteCache(try Remote(remote.address, for: ours), for: ours) { warnings.add($0) }
        #expect(await cache.result(of: remote.model.action.key) == nil)
        #expect(warnings.all.contains { $0.contains("witnesses") })
        #expect(try ours.result(of: remote.model.action.key) == nil)

        try await expectFate(forgery, fixture, remote)
    }

    /// Where no policy asks, the honest witness comes, and what is none stays there.
    private func expectFate(_ forgery: Forgery, _ fixture: SharingFixture, _ remote: WitnessRemote) async throws {
        let store = try fixture.store("curious")
        try store.trust(Self.signers(forgery, remote))
        let summary = try await store.pull(.everything, from: Remote(remote.address, for: store))
        let (testimony, faults) = try store.testimony(about: [remote.model.action.key], by: forgery.principals)
        #expect(faults == [])
        let tally = testimony.tally(of: remote.model.action.key, gave: remote.model.artifact.digest)
        #expect(tally.agreeing.count == 1 || forgery.fate == .disputed)
        #expect(tally.disagreeing.isEmpty == (forgery.fate != .disputed))
        if case .leftOut(let reason) = forgery.fate {
            #expect(summary.leftOut.contains { $0.reason.contains(reason) }, "\(summary.leftOut)")
            #expect(summary.leftOut.allSatisfy { $0.subject.hasPrefix("refs/decant/witnesses/") })
        } else {
            #expect(summary.leftOut == [])
        }
        #expect(try store.check().problems == [])
    }
}
