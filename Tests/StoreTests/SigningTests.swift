import BuildModel
import CanonicalJSON
import Foundation
import Testing

@testable import Store

/// Remembers what it was given; real keys sign in the tests of the command line.
private struct FakeSigner: CommitSigner {
    static let armour = "-----BEGIN SSH SIGNATURE-----\nU1NIU0lH\n-----END SSH SIGNATURE-----\n"

    func signature(of content: [UInt8]) throws(StoreError) -> String { Self.armour }
}

private struct BrokenSigner: CommitSigner {
    func signature(of content: [UInt8]) throws(StoreError) -> String { throw .cannotSign(reason: "no key") }
}

@Suite struct SigningTests {
    private func record(_ fixture: StoreFixture) throws -> BuildRecord {
        let pair = try fixture.recordPair()
        return BuildRecord(
            recipe: "smart-home", recipeText: "decant: 1\n", stages: [.init(name: "model", commit: pair.model)],
            targets: [(name: "model", commit: pair.model, artifact: pair.artifact)], summary: "2 ran")
    }

    @Test func aSignedBuildCarriesItsSignatureWhereGitLooks() throws {
        let fixture = try StoreFixture()
        let commit = try fixture.store.recordBuild(record(fixture), signer: FakeSigner())
        let text = try fixture.run("git", "cat-file", "commit", commit.hex, in: fixture.repository)
        #expect(
            text.contains(
                "\ngpgsig -----BEGIN SSH SIGNATURE-----\n U1NIU0lH\n -----END SSH SIGNATURE-----\n\nsmart-home: 2 ran"))
        #expect(try fixture.store.build(commit)?.bearsSignature == true)
        _ = try fixture.run("git", "fsck", "--strict", in: fixture.repository)
        #expect(try fixture.store.check().problems == [])
    }

    /// An equal build adds nothing, unless a signature is asked for that the last one lacks.
    @Test func anEqualBuildIsSignedOnce() throws {
        let fixture = try StoreFixture()
        let build = try record(fixture)
        let plain = try fixture.store.recordBuild(build)
        let signed = try fixture.store.recordBuild(build, signer: FakeSigner())
        #expect(signed != plain)
        #expect(try fixture.store.recordBuild(build, signer: FakeSigner()) == signed)
        #expect(try fixture.store.recordBuild(build) == signed)
        #expect(try fixture.store.builds(of: "smart-home", newest: 9).map(\.bearsSignature) == [true, false])
    }

    @Test func aBuildThatCannotBeSignedIsNotRecordedAndItsStagesStay() throws {
        let fixture = try StoreFixture()
        let build = try record(fixture)
        #expect(throws: StoreError.cannotSign(reason: "no key")) {
            try fixture.store.recordBuild(build, signer: BrokenSigner())
        }
        #expect(try fixture.store.recipes() == [])
        #expect(try fixture.store.stageCommit(build.targets[0].commit.hex) != nil)
        _ = try fixture.store.recordBuild(build)
    }

    @Test func gitsConfigurationIsHeeded() throws {
        let fixture = try StoreFixture()
        #expect(try fixture.store.signingSettings().signsCommits == false)
        for (name, value) in [
            ("gpg.format", "ssh"), ("user.signingkey", "~/k.pub"), ("commit.gpgsign", "yes"), ("tag.gpgsign", "true"),
            ("gpg.ssh.program", "/bin/keys"),
        ] {
            try fixture.run("git", "config", name, value, in: fixture.repository)
        }
        #expect(
            try fixture.store.signingSettings()
                == SigningSettings(
                    format: "ssh", key: "~/k.pub", program: "/bin/keys", signsCommits: true, signsTags: true))
    }

    /// It would run as whoever asks who signed what.
    @Test func aProgramThatOthersMayHaveSetDoesNotRun() throws {
        let fixture = try StoreFixture()
        try fixture.run("git", "config", "gpg.ssh.program", "/bin/keys", in: fixture.repository)
        let config = fixture.repository.appending(path: "config").path
        func expectUse(_ isUsed: Bool, _ comment: Comment) throws {
            let settings = try fixture.store.signingSettings()
            #expect(settings.program == (isUsed ? "/bin/keys" : "ssh-keygen"), comment)
            #expect(settings.foreignProgram == (isUsed ? nil : "/bin/keys"), comment)
        }
        chmod(config, 0o664)
        try expectUse(true, "a group of one's own")
        chmod(fixture.repository.path, 0o2775)
        try expectUse(false, "a store that a group shares")
        chmod(config, 0o644)
        try expectUse(false, "they can put another file there")
        chmod(fixture.repository.path, 0o755)
        try expectUse(true, "one's own")
        chmod(config, 0o666)
        try expectUse(false, "everybody")
        chmod(config, 0o644)
        if geteuid() == 0 {
            chown(config, 4001, 5000)
            try expectUse(false, "a file of somebody else")
            chown(config, 0, 0)
            chown(fixture.repository.path, 4001, 5000)
            try expectUse(false, "a store of somebody else")
        }
    }

    @Test func aTagIsAnAnnotatedTagOfGit() throws {
        let fixture = try StoreFixture()
        let commit = try fixture.recordBuild()
        #expect(try fixture.store.makeTag("v1", of: commit, message: "The first", replacing: false))
        #expect(try fixture.store.makeTag("signed/v1", of: commit, message: "It", replacing: false, signer: FakeSigner()))
        let shown = try fixture.run(
            "git", "tag", "--list", "-n1", "--format=%(refname:short) %(objecttype) %(*objectname) %(subject)",
            in: fixture.repository)
        #expect(shown == "signed/v1 tag \(commit) It\nv1 tag \(commit) The first\n")
        #expect(!(try fixture.run("git", "fsck", "--strict", in: fixture.repository).contains("error")))
        #expect(try fixture.store.check().problems == [])
        let tags = try fixture.store.tags()
        #expect(tags.map(\.name) == ["signed/v1", "v1"])
        #expect(tags.map(\.bearsSignature) == [true, false])
        #expect(tags.map(\.message) == ["It", "The first"])
        #expect(tags.allSatisfy { $0.commit == commit && $0.tagger != nil && $0.time != nil })
    }

    @Test func aTagStaysUnlessItIsReplaced() throws {
        let fixture = try StoreFixture()
        let build = try fixture.recordBuild()
        let model = try fixture.recordPair().model
        #expect(try fixture.store.makeTag("v1", of: build, message: "a", replacing: false))
        #expect(try !fixture.store.makeTag("v1", of: model, message: "b", replacing: false))
        #expect(try fixture.store.tag("v1")?.commit == build)
        #expect(try fixture.store.makeTag("v1", of: model, message: "b", replacing: true))
        #expect(try fixture.store.tag("v1")?.commit == model)
        try fixture.store.deleteTag("v1")
        #expect(try fixture.store.tag("v1") == nil)
        // A plain tag of stock git is one too.
        try fixture.run("git", "tag", "plain", build.hex, in: fixture.repository)
        #expect(try fixture.store.tag("plain")?.commit == build)
        #expect(try fixture.store.tag("plain")?.time == nil)
    }

    @Test(arguments: [
        "", "-v", "a b", "a..b", "a~1", "a^", "a:b", "a?", "a*", "a[", "a.lock", "/a", "a/", "a//b", "@{", "a\u{7F}",
    ])
    func namesThatGitRefusesAreRefused(name: String) { #expect(!Store.isValid(tag: name)) }

    @Test(arguments: ["v1", "releases/1.0", "größe"])
    func otherNamesAreTaken(name: String) { #expect(Store.isValid(tag: name)) }
}
