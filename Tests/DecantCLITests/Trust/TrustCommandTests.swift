import CanonicalJSON
import Foundation
import TestSupport
import Testing

/// `decant trust`, and what commands say of signatures and of where things came from.
@Suite struct TrustCommandTests {
    let program: DecantProgram
    let store: SignedStore

    init() throws {
        program = try DecantProgram()
        store = try SignedStore(program)
    }

    private func allow(_ key: String, _ more: String..., cache: String? = nil) throws {
        let process = try program.start(
            ["trust", "add", "\(key)@example.org", store.ring.file(key + ".pub").path] + more
                + (cache.map { ["--cache", $0] } ?? []))
        #expect(ProgramRun(readingToTheEndOf: process).status == 0)
    }

    // MARK: Whom a store trusts

    @Test func signersAreAllowedListedAndRemoved() throws {
        try store.build("a", by: nil)
        #expect(try program.run("trust").output.contains("none: every key is unknown"))
        try allow("ann", "--namespaces", "git", "--valid-before", "20400101")
        try allow("bob")
        try allow("bob")
        let shown = try #require(try program.run("trust", "list", "--json").events.first)
        let signers = shown["signers"]?.array ?? []
        #expect(signers.map { $0.text("principals") } == ["ann@example.org", "bob@example.org"])
        #expect(signers[0].strings("options") == ["namespaces=\"git\"", "valid-before=\"20400101\""])
        #expect(shown["signers_file"]?.string?.hasSuffix("cache/trust/allowed_signers") == true)
        // OpenSSH reads the list as it is.
        let file = program.folder.appending(path: "cache/trust/allowed_signers").path
        let found = try ProgramRun.output(of: ["ssh-keygen", "-Y", "match-principals", "-I", "ann@example.org", "-f", file])
        #expect(found.contains("ann@example.org"))
        try program.run("trust", "remove", #require(signers[0]["fingerprint"]?.string))
        try program.run("trust", "remove", "bob@example.org")
        #expect(try program.run("trust", "remove", "bob@example.org", status: 2).errors.contains("hint: decant trust show"))
        #expect(try program.run("trust").output.contains("none: every key is unknown"))
    }

    @Test(arguments: [
        (["add", "ann example", "KEY"], "without spaces"), (["add", "ann", "nothing"], "neither a public key nor a file"),
        (["add", "ann", "PRIVATE"], "is a private key"), (["add", "ann", "KEY", "--valid-before", "tomorrow"], "is no time"),
        (["remote", "origin", "singed"], "'singed' is no policy"),
        (["remote", "*", "none", "--by", "ann"], "--by is of signed"),
        (["remote", "*"], "name a policy"), (["remote", "*", "--forget"], "nothing was set"),
        (["secret", "sk-1234/x", "api.example.org"], "no name of an environment variable"),
        (["secret", "KEY", "not a host"], "is no host"), (["secret", "KEY", "api.example.org", "--remove"], "was not allowed"),
    ]) func aWrongWordIsNamed(arguments: [String], message: String) throws {
        try store.build("a", by: nil)
        let words = arguments.map {
            $0 == "KEY" && arguments[0] == "add"
                ? store.ring.file("ann.pub").path : $0 == "PRIVATE" ? store.ring.file("ann").path : $0
        }
        let run = ProgramRun(readingToTheEndOf: try program.start(["trust"] + words))
        #expect(run.status == 2 && run.errors.contains(message), "\(run.errors)")
    }

    @Test func aLookMakesNoStore() throws {
        #expect(try program.run("trust", status: 2).errors.contains("there is no store"))
        #expect(!FileManager.default.fileExists(atPath: program.folder.appending(path: "cache").path))
    }

    @Test func policiesAndSecretsAreKept() throws {
        try program.run("trust", "remote", "*", "signed")
        try program.run("trust", "remote", "https://Git.example.org/models.git", "reproduced: 2", "--by", "ann@example.org")
        try program.run("trust", "remote", "/srv/open", "none")
        try program.run("trust", "remote", "/srv/open/", "--forget")
        try program.run("trust", "secret", "TEACHER_KEY", "https://api.example.org/v1")
        let shown = try #require(try program.run("trust", "--json").events.first)
        #expect(
            shown["remotes"] == [
                ["remote": "*", "policy": "signed", "by": []],
                ["remote": "https://git.example.org/models", "policy": "reproduced:2", "by": ["ann@example.org"]],
            ])
        #expect(shown["secrets"] == [["name": "TEACHER_KEY", "host": "api.example.org"]])
        try program.run("trust", "secret", "TEACHER_KEY", "api.example.org", "--remove")
        #expect(try program.run("trust").output.contains("secrets\n  none\n"))
    }

    // MARK: What is said of signatures

    @Test func everyVerdictIsShownByItsName() throws {
        let first = try store.build("a", by: "ann")
        try store.tag("good", by: "ann")
        try store.tag("stranger", by: "bob")
        try store.tag("plain", by: nil)
        let good = try store.git("cat-file", "tag", "good") + "\n"
        let start = try #require(good.range(of: "-----BEGIN SSH SIGNATURE-----"))
        let (said, signature) = (String(good[..<start.lowerBound]), String(good[start.lowerBound...]))
        try store.writeTag("renamed", good)
        try store.writeTag("copied", said.replacing("tag good", with: "tag copied") + signature)
        try store.writeTag("begins", said.replacing("tag good", with: "tag begins") + "-----BEGIN SSH SIGNATURE-----\nme\n")
        try store.writeTag("words", said.replacing("tag good", with: "tag words") + "-----BEGIN TRUST ME-----\n")
        try store.writeTag("gpg", said.replacing("tag good", with: "tag gpg") + "-----BEGIN PGP SIGNATURE-----\n")
        try allow("ann")
        let verdicts = [
            "begins": "bad", "copied": "bad", "good": "valid", "gpg": "unchecked", "plain": "unsigned", "renamed": "bad",
            "stranger": "unknown-key", "words": "unsigned",
        ]
        let tags = try program.run("tag", "--json").events
        #expect(
            Dictionary(uniqueKeysWithValues: tags.map { ($0.text("name"), $0["signature"]?["verdict"]?.string ?? "") })
                == verdicts)
        for tag in tags { #expect(tag["signed"] == .bool(tag["name"] == "good")) }
        let text = try program.run("tag").output
        for part in [
            "signature valid, by ann@example.org\n", "signature unknown key SHA256:", "signature bad: ",
            "signature cannot be checked: ",
        ] { #expect(text.contains(part)) }
        #expect(!text.contains("signed\n"))
        // Builds, in log and show.
        try store.build("b", by: "bob")
        try store.build("c", by: nil)
        let log = try program.run("log", "--json").events
        #expect(log.map { $0["signature"]?["verdict"]?.string } == ["unsigned", "unknown-key", "valid"])
        #expect(log.map { $0["signed"] } == [false, false, true])
        #expect(log[2]["signature"]?["principal"] == "ann@example.org")
        #expect(try program.run("log").output.contains("    signature valid, by ann@example.org\n"))
        #expect(try program.run("show", first).output.contains("  signature   valid, by ann@example.org\n"))
        let shown = try #require(try program.run("show", "smart-home~1", "--json").events.first)
        #expect(shown["signature"]?["verdict"] == "unknown-key" && shown["signed"] == false)
    }

    @Test func gitsOwnListCountsWhereTheStoreHasNone() throws {
        try store.build("a", by: "ann")
        #expect(try program.run("log").output.contains("unknown key"))
        let list = try store.ring.list("ann@example.org \(store.ring.key("ann"))")
        try store.git("config", "gpg.ssh.allowedSignersFile", list.path)
        #expect(try program.run("log").output.contains("valid, by ann@example.org"))
        #expect(try program.run("trust").output.contains("git's gpg.ssh.allowedSignersFile"))
        let added = try program.run("trust", "add", "bob@example.org", store.ring.file("bob.pub").path)
        #expect(added.errors.contains("counts instead of git's"))
        #expect(try program.run("log").output.contains("unknown key"))
        try store.git("config", "gpg.ssh.revocationFile", store.ring.file("bob.pub").path)
        try store.build("b", by: "bob")
        #expect(try program.run("log", "-n", "1").output.contains("bad: the key SHA256:"))
    }

    // MARK: What is received

    @Test func anUnsignedBuildReplacesNoSignedOne() throws {
        try store.build("a", by: "ann")
        try program.run("clone", "cache", "--cache", "other")
        let other = try SignedStore(program, "other")
        let unsigned = try other.build("b", by: nil)
        let refused = try program.run("pull", "other", status: 1)
        #expect(refused.errors.contains("refs/heads/smart-home") && refused.errors.contains("is not as good (unsigned)"))
        #expect(try store.git("rev-parse", "smart-home") != unsigned)
        try program.run("pull", "other", "--accept", "smart-home")
        #expect(try store.git("rev-parse", "smart-home") == unsigned)
    }

    @Test func aCloneMayAskForSignatures() throws {
        try store.build("a", by: "ann")
        let list = try store.ring.list("ann@example.org \(store.ring.key("ann"))").path
        try program.run("clone", "cache", "--cache", "good", "--policy", "signed", "--signers", list)
        #expect(try program.run("log", "--cache", "good").output.contains("valid, by ann@example.org"))
        // The policy stays for later.
        try store.build("b", by: "bob")
        #expect(try program.run("pull", "--cache", "good", status: 1).errors.contains("unknown key"))
        let refused = try program.run("clone", "cache", "--cache", "new", "--policy", "signed", "--signers", list, status: 1)
        #expect(refused.errors.contains("`decant trust add WHO KEY --cache new`"))
        #expect(!FileManager.default.fileExists(atPath: program.folder.appending(path: "new").path))
        // A store that holds settings alone can be cloned into; one with builds cannot.
        try program.run("trust", "remote", "*", "signed", "--cache", "settled")
        #expect(try program.run("clone", "cache", "--cache", "settled", status: 1).errors.contains("unknown key"))
        try allow("ann", cache: "settled")
        try allow("bob", cache: "settled")
        try program.run("clone", "cache", "--cache", "settled")
        #expect(try program.run("clone", "cache", "--cache", "settled", status: 2).errors.contains("is a store already"))
        #expect(try program.run("clone", "cache", "--cache", "x", "--policy", "all", status: 2).errors.contains("is no policy"))
        #expect(
            try program.run("clone", "cache", "--cache", "x", "--signers", "tiny.yaml", status: 2).errors.contains("no list"))
    }

    @Test func whatCameFromElsewhereIsMarked() throws {
        try store.build("a", by: nil)
        let origin = program.folder.appending(path: "cache/lineage.git").path
        #expect(try program.run("show", "model", "--json").events.first?["received"] == .null)
        #expect(!(try program.run("show", "model").output.contains("came from")))
        try program.run("clone", "cache", "--cache", "other")
        program.cache = "other"
        func check() throws {
            #expect(try program.run("show", "model").output.contains("  came from   \(origin) on 20"))
            #expect(try program.run("show", "smart-home").output.contains("  came from   \(origin) on 20"))
            #expect(try program.run("show", "model", "--json").events.first?["received"]?["from"]?.string == origin)
            #expect(try program.run("lineage", "model").output.contains("  from \(origin)"))
            let stages = try program.run("lineage", "model", "--json").events.first?["stages"]?.array ?? []
            #expect(stages.map { $0["received"]?["from"]?.string } == [origin])
        }
        try check()
        // The index is derived, and a repair leaves the marks alone.
        try FileManager.default.removeItem(at: program.folder.appending(path: "other/index.sqlite"))
        try program.run("fsck", "--repair")
        try check()
    }
}
