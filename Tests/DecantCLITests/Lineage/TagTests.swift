import CanonicalJSON
import Foundation
import TestSupport
import Testing

/// Tags and signatures, looked at with stock git.
@Suite struct TagTests {
    let workshop: LineageWorkshop
    /// A store of this test's own.
    let program: DecantProgram

    init() throws {
        workshop = try LineageWorkshop.built()
        program = try workshop.copy()
    }

    private func git(_ arguments: String..., status: Int32? = 0) throws -> String {
        let run = try ProgramRun(
            ["git", "-C", program.folder.appending(path: "cache/lineage.git").path] + arguments,
            environment: [
                "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin", "HOME": program.folder.path,
                "LC_ALL": "C",
            ], mergesErrors: true)
        if let status { try #require(run.status == status, "git \(arguments): \(run.output)") }
        return run.output
    }

    /// A key of this test's own, and a git that knows whose it is.
    private func makeKey(passphrase: String = "") throws {
        let key = program.folder.appending(path: "key").path
        try ProgramRun.output(of: ["ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-C", "test", "-f", key])
        let publicKey = try String(contentsOfFile: key + ".pub", encoding: .utf8)
        try program.write("me@example.org namespaces=\"git\" \(publicKey)", to: "allowed")
        _ = try git("config", "--global", "gpg.format", "ssh")
        _ = try git("config", "--global", "user.signingkey", "~/key.pub")
        _ = try git("config", "--global", "gpg.ssh.allowedSignersFile", "~/allowed")
    }

    // MARK: Tags

    @Test func aTagNamesTheNewestBuild() throws {
        let newest = try #require(try program.run("log", "-n", "1", "--json").events.first).text("commit")
        try program.run("tag", "v1")
        #expect(try git("rev-parse", "v1^{commit}") == newest + "\n")
        #expect(try git("cat-file", "-t", "v1") == "tag\n")
        try program.run("tag", "v0", "tiny~1", "-m", "The first one")
        #expect(try git("tag", "-l", "-n1", "v0").contains("The first one"))
        // A tag stands wherever a build may.
        #expect(try program.run("diff", "v0", "v1", "--json").output == program.run("diff", "tiny", "--json").output)
        let old = try #require(try program.run("show", "v0:model", "--json").events.first)
        #expect(old["commit"]?.string == workshop.first["model"])
        #expect(try #require(try program.run("show", "tiny", "--json").events.first)["tags"] == ["v1"])
    }

    @Test func aTagNamesAnArtifact() throws {
        try program.run("tag", "release/student", "model")
        let shown = try #require(try program.run("show", "release/student", "--json").events.first)
        #expect(shown["commit"]?.string == workshop.second["model"])
    }

    @Test func tagsAreListedAndDeleted() throws {
        #expect(try program.run("tag").output == "")
        try program.run("tag", "v1")
        try program.run("tag", "a-model", "model")
        let tags = try program.run("tag", "--json").events
        #expect(tags.map { $0.text("name") } == ["a-model", "v1"])
        #expect(tags[0].text("commit") == workshop.second["model"])
        #expect(tags[0].text("what").contains("quant.apply"))
        #expect(tags[1].text("what") == "build of tiny: 5 ran, 27 cached")
        let lines = try program.run("tag").output.split(separator: "\n")
        #expect(lines.count == 2)
        #expect(lines[1].hasPrefix("v1       \(tags[1].text("commit").prefix(12))  \(tags[1].text("time"))  build of tiny"))
        try program.run("tag", "--delete", "v1")
        #expect(try git("tag") == "a-model\n")
        #expect(try program.run("tag", "--delete", "v1", status: 2).errors.contains("there is no tag 'v1'"))
    }

    @Test func aNameThatCannotStandIsRefused() throws {
        try program.run("tag", "v1", "tiny~1")
        #expect(try program.run("tag", "v1", status: 2).errors.contains("exists already; --force replaces it"))
        #expect(try git("rev-parse", "v1^{commit}") != git("rev-parse", "tiny"))
        try program.run("tag", "--force", "v1")
        #expect(try git("rev-parse", "v1^{commit}") == git("rev-parse", "tiny"))
        #expect(try program.run("tag", "a..b", status: 2).errors.contains("cannot name a tag"))
        #expect(try program.run("tag", "deadbeef", status: 2).errors.contains("looks like a commit"))
        #expect(try program.run("tag", "tiny", status: 2).errors.contains("is the name of a recipe"))
        #expect(try program.run("tag", "v2", "nobody", status: 2).errors.contains("'nobody'"))
        #expect(try git("tag") == "v1\n")
    }

    // MARK: Signatures

    @Test func gitVerifiesASignedBuildAndASignedTag() throws {
        try makeKey()
        try program.build()
        #expect(try git("verify-commit", "tiny", status: 1).isEmpty)
        try program.run("build", "tiny.yaml", "--sign")
        #expect(try git("verify-commit", "tiny").contains("Good \"git\" signature for me@example.org"))
        #expect(try git("verify-commit", "tiny~1", status: 1).isEmpty)
        #expect(try #require(try program.run("log", "-n", "1", "--json").events.first)["signed"] == true)
        #expect(try program.run("show", "tiny").output.contains("\n  signature   valid, by me@example.org\n"))
        try program.run("tag", "v1", "--sign")
        #expect(try git("verify-tag", "v1").contains("Good \"git\" signature for me@example.org"))
        #expect(!(try git("fsck", "--strict").contains("error")))
        #expect(try program.run("fsck").output.contains(" 0 problems"))
        // Stage commits are pure functions, and bear no signature.
        #expect(try DecantProgram.commits(program.build())["model"] == workshop.second["model"])
    }

    @Test func gitsOwnSettingsAskForSignatures() throws {
        try makeKey()
        _ = try git("config", "commit.gpgsign", "true")
        _ = try git("config", "tag.gpgsign", "true")
        try program.run("build", "tiny.yaml", "--no-sign")
        #expect(try git("verify-commit", "tiny", status: 1).isEmpty)
        try program.run("build", "tiny.yaml")
        #expect(try git("verify-commit", "tiny").contains("Good"))
        try program.run("tag", "v1")
        #expect(try git("verify-tag", "v1").contains("Good"))
        try program.run("tag", "v2", "--no-sign")
        #expect(try git("verify-tag", "v2", status: 1).contains("no signature"))
    }

    @Test func aMissingKeyOrProgramIsSaidBeforeAnythingRuns() throws {
        try makeKey()
        try program.edit("tiny.yaml", "group_size: 16}", "group_size: 8}")
        func refusal(_ settings: (String, String)...) throws -> String {
            for (name, value) in settings { _ = try git("config", "--global", name, value) }
            let result = try program.run("build", "tiny.yaml", "--sign", status: 2)
            #expect(!result.errors.contains("running"))
            return result.errors
        }
        #expect(try refusal(("user.signingkey", "~/nobody.pub")).contains("nobody.pub, and there is no such file"))
        #expect(try refusal(("user.signingkey", "")).contains("git config --global user.signingkey"))
        #expect(
            try refusal(("user.signingkey", "~/key.pub"), ("gpg.ssh.program", "no-such-keygen"))
                .contains("no program 'no-such-keygen'"))
        #expect(try refusal(("gpg.format", "openpgp")).contains("git config --global gpg.format ssh"))
        #expect(try program.run("tag", "v1", "--sign", status: 2).errors.contains("gpg.format"))
        #expect(try git("tag") == "")
        // One who signs other commits with OpenPGP can build.
        _ = try git("config", "--global", "commit.gpgsign", "true")
        #expect(try program.run("build", "tiny.yaml").errors.contains("not signed, though commit.gpgsign is set"))
    }

    /// The key cannot be used: nobody is asked for its passphrase, and every stage's result stays.
    @Test func aBuildThatCannotBeSignedKeepsItsResults() throws {
        try makeKey(passphrase: "secret")
        _ = try git("config", "--global", "user.signingkey", "~/key")
        try program.edit("tiny.yaml", "group_size: 16}", "group_size: 8}")
        let before = try git("rev-parse", "tiny")
        let errors = try program.run("build", "tiny.yaml", "--sign", status: 2).errors
        #expect(errors.contains("done     student.kd.prune[20%].recover.W4A16 "))
        #expect(errors.contains("the build cannot be signed") && errors.contains("ssh-add"))
        #expect(try git("rev-parse", "tiny") == before)
        #expect(try program.build()["ran"] == [])
        #expect(try git("rev-parse", "tiny") != before)
        #expect(try program.run("tag", "v1", "--sign", status: 2).errors.contains("was not made"))
        #expect(try git("tag") == "")
    }
}
