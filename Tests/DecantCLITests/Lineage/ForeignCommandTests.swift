import BuildModel
import CanonicalJSON
import Foundation
import TestSupport
import Testing

@testable import DecantCLI
@testable import Store

/// A command that came from elsewhere runs only where somebody allowed it.
@Suite struct ForeignCommandTests {
    private let program: DecantProgram

    init() throws {
        program = try DecantProgram(
            recipe: WitnessProgramTests.recipe.replacingOccurrences(
                of: "sources:\n", with: "sources:\n  script: {path: script.sh}\n")
                + "\nstages:\n  probe: {command: [sh, inputs/script/script.sh], inputs: {script: script}, outputs: [out.txt]}\n"
        )
        try program.write("echo ok > outputs/out.txt\n", to: "script.sh")
        try ProgramRun.output(of: ["git", "init", "--quiet", "--bare", "models.git"], in: program.folder)
        program.cache = "theirs"
        try program.build()
        try program.run("push", "models.git")
        program.cache = "ours"
        try program.run("clone", "models.git", "--cache", "ours")
    }

    private static let same = "  same     probe  (exec)"

    /// The digest that a refusal names.
    private func digest(in text: String) throws -> String {
        String(try #require(text.firstMatch(of: /trust command ([0-9a-f]{64})/)).1)
    }

    @Test func verifyRunsAReceivedCommandOnlyWhereItIsAllowed() throws {
        let refused = try program.run("verify", "tiny", status: 2)
        #expect(refused.errors.contains("the command of probe came from "))
        #expect(refused.errors.contains("sh inputs/script/script.sh"))
        #expect(refused.output == "")
        // Other stages need no permission, and one run may be allowed by name.
        try program.run("verify", "tiny", "--stage", "data")
        try program.run("verify", "tiny", "--stage", "probe", "--allow-command", "prob", status: 2)
        #expect(try program.run("verify", "tiny", "--stage", "probe", "--allow-command", "probe").output.contains(Self.same))
        try program.run("verify", "tiny", "--stage", "probe", status: 2)
        // From now on, by the digest; and no more.
        let digest = try digest(in: refused.errors)
        try program.run("trust", "command", digest)
        #expect(try program.run("trust", "show").output.contains("sh inputs/script/script.sh"))
        #expect(try program.run("verify", "tiny", "--stage", "probe").output.contains(Self.same))
        try program.run("trust", "command", "tiny:probe", "--remove")
        try program.run("verify", "tiny", "--stage", "probe", status: 2)
        try program.run("trust", "command", "probe")
        try program.run("verify", "tiny", "--stage", "probe")
        #expect(try program.run("trust", "command", "data", status: 2).errors.contains("which runs no command"))
    }

    @Test func aBuildRunsAReceivedCommandOnlyWhereItIsAllowed() throws {
        // The results are here: nothing has to run.
        #expect(try program.build()["ran"] == [])
        // What was lost would run again: the recipe came from there.
        try forget("probe")
        let refused = try program.run("build", "tiny.yaml", "probe", "--json", status: 1)
        let reason = try #require(refused.events.first { $0["event"] == "stage-failed" }?["reason"]?.string)
        #expect(reason.contains("the command of probe came from "))
        let digest = try digest(in: reason)
        // The command that allows it is for this store.
        let elsewhere = try program.run("build", "tiny.yaml", "probe", "--cache", "ours", status: 1)
        #expect(elsewhere.errors.contains("Allow it: decant trust command \(digest) --cache ours (or"))
        let built = try program.run("build", "tiny.yaml", "probe", "--json", "--allow-command", "probe").events.last
        #expect(built?.strings("ran") == ["probe"])
    }

    @Test func theSameCommandOnOtherDataIsTheSame() throws {
        try program.edit("tiny.yaml", "name: tiny\n", "name: tiny\n# mine\n")
        try program.edit("tiny.yaml", "count: 60", "count: 61")
        try program.edit("tiny.yaml", "inputs: {script: script}", "inputs: {script: script, rows: data}")
        // Edited, but the command and its script are theirs.
        #expect(try program.run("build", "tiny.yaml", "probe", "--json", status: 1).output.contains("came from "))
        // A script of one's own is one's own.
        try program.write("echo mine > outputs/out.txt\n", to: "script.sh")
        try program.run("build", "tiny.yaml", "probe")
    }

    /// A recipe that was received is foreign as a whole, also a command that no stage there ran.
    @Test func aReceivedRecipeIsForeignAsAWhole() throws {
        let store = try Store(at: program.folder.appending(path: "theirs"))
        let build = try #require(try store.build(of: "tiny"))
        let texts = try store.texts(of: build)
        let forged = texts.recipe + "  extra: {command: [sh, -c, 'echo > outputs/o'], outputs: [o]}\n"
        _ = try store.recordBuild(
            BuildRecord(
                recipe: "tiny", recipeText: forged, stages: build.stages,
                targets: build.targets.map { target throws -> BuildRecord.Target in
                    (target.name, target.commit, try #require(try store.stageCommit(target.commit.hex)).artifact)
                }, summary: "more"))
        program.cache = "theirs"
        try program.run("push", "models.git")
        program.cache = "ours"
        try program.run("pull")
        try program.write(forged, to: "pulled.yaml")
        #expect(try program.run("build", "pulled.yaml", "extra", "--json", status: 1).output.contains("came from "))
    }

    @Test func whatWasMadeHereIsNotAsked() throws {
        program.cache = "theirs"
        #expect(try program.run("verify", "tiny", "--stage", "probe").output.contains(Self.same))
        // Pulled back, it is still one's own.
        try program.run("pull", "models.git")
        try program.run("verify", "tiny", "--stage", "probe")
    }

    /// Removes a result, as a lost object or `gc` would.
    private func forget(_ name: String) throws {
        let folder = program.folder.appending(path: "ours")
        let store = try Store(at: folder)
        let commit = try #require(try store.build(of: "tiny")?.commit(of: name))
        let record = try #require(try store.stageCommit(commit.hex))
        try ProgramRun.output(
            of: ["git", "update-ref", "-d", StageCommit.reference(for: record.action.key)],
            in: folder.appending(path: "lineage.git"))
        for file in record.artifact.files {
            if let object = store.object(file.digest) { try FileManager.default.removeItem(at: object.url) }
        }
    }

    @Test(arguments: [
        ("plain", "plain"), ("a b", "'a b'"), ("", "''"), ("\u{1B}[2J", "'\\u{1b}[2J'"), ("a\nb", "'a\\u{a}b'"),
        ("\u{9B}31m", "'\\u{9b}31m'"), ("\u{202E}evil", "'\\u{202e}evil'"), ("it's", "'it\\'s'"), ("\r\u{8}", "'\\u{d}\\u{8}'"),
        ("$(x)", "'$(x)'"), ("\u{200B}", "'\\u{200b}'"),
    ]) func whatATerminalWouldObeyIsEscaped(word: String, shown: String) {
        #expect(CommandText.escaped(word) == shown)
    }
}
