import Foundation
import Store
import TestSupport
import Testing

@testable import Sharing
@testable import Trust

/// A build here that is signed gives way to nothing weaker, whatever the policy; and what came from elsewhere is marked.
@Suite struct SignedHeadTests {
    let fixture: SharingFixture
    let remote: SignedRemote
    let ours: Store

    init() throws {
        fixture = try SharingFixture()
        remote = try SignedRemote(fixture)
        ours = try fixture.store("ours")
    }

    private func pull(accepting: Set<String> = [], signer: (any CommitSigner)? = nil) async -> String {
        await failure {
            _ = try await ours.pull(
                .everything, from: Remote(remote.repository.path, for: ours), accepting: accepting, signer: signer)
        }
    }

    private func head() throws -> CommitID? { try ours.builds(of: "smart-home").first?.commit }

    static let next: [(who: String?, namespace: String, isTaken: Bool, reason: String)] = [
        ("ann", "git", true, ""), ("bob", "git", true, ""), (nil, "git", false, "unsigned"),
        ("eve", "git", false, "unknown key"),
        ("old", "git", false, "has expired"), ("filer", "git", false, "namespaces"), ("ann", "file", false, "another purpose"),
    ]

    @Test(arguments: next) func aSignedBuildGivesWayToSignedOnesAlone(
        _ next: (who: String?, namespace: String, isTaken: Bool, reason: String)
    ) async throws {
        try ours.trust(remote.signers())
        try remote.build(3, by: "ann")
        #expect(await pull() == "no failure")
        let before = try head()
        let newer = try remote.build(4, by: next.who, namespace: next.namespace)
        let refusal = await pull()
        guard !next.isTaken else {
            #expect(refusal == "no failure")
            #expect(try head() == newer)
            return
        }
        #expect(refusal.contains("refs/heads/smart-home") && refusal.contains("valid, by ann@example.org"))
        #expect(refusal.contains(next.reason) && refusal.contains("--accept smart-home"))
        #expect(try head() == before)
        // A name that is not the recipe's lets nothing pass.
        #expect(await pull(accepting: ["other"]) == refusal)
        #expect(await pull(accepting: ["smart-home"]) == "no failure")
        #expect(try head() == newer)
    }

    /// The owner has no list of signers: their own key is unknown, and still nobody else's takes its place.
    @Test func anUnknownKeyGivesWayToItselfAlone() async throws {
        try remote.build(3, by: "ann")
        #expect(await pull() == "no failure")
        let second = try remote.build(4, by: "ann")
        #expect(await pull() == "no failure")
        #expect(try head() == second)
        try remote.build(5, by: "bob")
        #expect(await pull().contains("unknown key"))
        #expect(try head() == second)
    }

    @Test func aCopiedSignatureDoesNotCount() async throws {
        try ours.trust(remote.signers())
        let first = try remote.build(3, by: "ann").hex
        #expect(await pull() == "no failure")
        try remote.write(remote.text(of: remote.build(4, by: nil).hex), signatures: remote.signature(of: first))
        #expect(await pull().contains("changed or copied"))
        #expect(try head()?.hex == first)
    }

    @Test func anUnsignedBuildGivesWayToAnything() async throws {
        try remote.build(3, by: nil)
        #expect(await pull() == "no failure")
        let next = try remote.build(4, by: nil)
        #expect(await pull() == "no failure")
        #expect(try head() == next)
    }

    /// Both sides built: the build that puts them together is signed, or a person says that it need not be.
    @Test func aMergeOfSignedBuildsIsSigned() async throws {
        try ours.trust(remote.signers())
        let own = try fixture.build(in: ours, steps: 3, signer: remote.signer("ann")).build
        try remote.build(4, by: "bob")
        let refusal = await pull()
        #expect(refusal.contains("both sides built") && refusal.contains("--sign"))
        #expect(try head() == own)
        #expect(await pull(signer: remote.signer("ann")) == "no failure")
        let merged = try #require(try head())
        #expect(merged != own)
        #expect(try ours.verdict(onCommit: merged, by: ours.trust().judge).words == "valid, by ann@example.org")
    }

    @Test func aTagThatIsHereStays() async throws {
        try ours.trust(remote.signers())
        let first = try remote.build(3, by: "ann")
        _ = try remote.store.makeTag("v1", of: first, message: "x", replacing: false, signer: remote.signer("ann"))
        #expect(await pull() == "no failure")
        let second = try remote.build(4, by: "ann")
        _ = try remote.store.makeTag("v1", of: second, message: "x", replacing: true)
        #expect(await pull() == "no failure")
        #expect(try ours.tag("v1")?.commit == first)
        #expect(try ours.verdict(onTag: "v1", by: ours.trust().judge).isValid)
    }

    // MARK: Marks

    private func arrival(ofStage commit: CommitID, in store: Store) throws -> Arrival? {
        let record = try #require(try store.stageCommit(commit.hex))
        return try store.arrival(of: record)
    }

    @Test func whatCameIsMarkedAndWhatWasMadeHereIsNot() async throws {
        let own = try fixture.build("mine", in: ours, steps: 7)
        let theirs = try fixture.build(in: remote.store, steps: 3)
        #expect(await pull() == "no failure")
        let mark = try #require(try ours.arrival(of: theirs.build))
        #expect(mark.origin == remote.repository.path)
        #expect(try arrival(ofStage: theirs.model, in: ours)?.origin == remote.repository.path)
        #expect(try ours.arrival(of: own.build) == nil)
        #expect(try arrival(ofStage: own.model, in: ours) == nil)
        // Of both stores' stages, the one here was first.
        #expect(theirs.data == own.data)
        #expect(try arrival(ofStage: own.data, in: ours) == nil)
        #expect(try ours.check().problems == [])
        #expect(try fixture.git("fsck", "--strict", in: fixture.place("ours/lineage.git")).contains("error") == false)
        // The marks are this store's alone.
        let third = try fixture.store("third")
        _ = try await third.pull(.everything, from: Remote(fixture.place("ours").path, for: third))
        #expect(try third.arrival(of: theirs.build)?.origin == fixture.place("ours/lineage.git").path)
    }

    @Test func theMarksOutliveTheIndex() async throws {
        let theirs = try fixture.build(in: remote.store, steps: 3)
        #expect(await pull() == "no failure")
        try FileManager.default.copyItem(at: fixture.place("ours"), to: fixture.place("copy"))
        try FileManager.default.removeItem(at: fixture.place("copy/index.sqlite"))
        #expect(try fixture.store("copy").arrival(of: theirs.build) != nil)
    }

    @Test func aResultThatAnotherProgramBroughtIsMarked() throws {
        let theirs = try fixture.build(in: remote.store, steps: 3)
        let place = fixture.place("ours/lineage.git")
        try fixture.git("fetch", "--quiet", remote.repository.path, "refs/heads/*:refs/heads/*", in: place)
        try FileManager.default.copyItem(at: fixture.place("theirs/lineage.git/lfs"), to: fixture.place("lfs"))
        try FileManager.default.removeItem(at: fixture.place("ours/lineage.git/lfs"))
        try FileManager.default.moveItem(at: fixture.place("lfs"), to: fixture.place("ours/lineage.git/lfs"))
        let opened = try Store(at: fixture.place("ours"))
        #expect(try arrival(ofStage: theirs.model, in: opened)?.origin == "git")
        #expect(try opened.arrival(of: theirs.build)?.origin == "git")
    }
}
