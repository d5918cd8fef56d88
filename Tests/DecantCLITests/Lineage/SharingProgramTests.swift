import CanonicalJSON
import Foundation
import TestSupport
import Testing

/// `push`, `pull` and `clone` as a person uses them.
@Suite struct SharingProgramTests {
    /// A recipe whose build is two commands: quick, with one file for Git LFS and one for git.
    private static let recipe =
        DecantProgram.tinyRecipe + """

            stages:
              bytes: {command: [sh, -c, "printf 'a\\\\0b' > outputs/a.bin; echo text > outputs/a.txt"], outputs: [a.bin, a.txt]}
            """

    private let program: DecantProgram

    init() throws { program = try DecantProgram(recipe: Self.recipe) }

    private func git(_ arguments: String...) throws -> String { try git(arguments) }

    private func git(_ arguments: [String]) throws -> String {
        try ProgramRun.output(of: ["git"] + arguments, in: program.folder)
    }

    @Test func aColleagueClonesAndRunsNothing() throws {
        try program.build()
        _ = try git("init", "--quiet", "--bare", "models.git")
        let pushed = try program.run("push", "models.git")
        #expect(pushed.output.contains("created    "))
        #expect(pushed.output.contains("refs/heads/tiny"))
        #expect(pushed.errors.contains("  compared  "))
        #expect(pushed.errors.contains("  files    "))
        program.cache = "theirs"
        let cloned = try program.run("clone", "models.git", "--cache", "theirs")
        #expect(cloned.errors.contains("1 new build"))
        #expect(try program.build()["ran"] == [])
        #expect(try program.run("fsck").output.contains("0 problems"))
        // The clone's origin is what push and pull mean without a name.
        let summary = try #require(try program.run("pull", "--json").events.last)
        #expect(summary["objects"] == 0)
        #expect(summary["refs"] == [])
        #expect(try program.run("push", "--json").events.last?["remote"]?.string?.hasSuffix("models.git") == true)
        #expect(try program.run("clone", "models.git", status: 2).errors.contains("is a store already"))
        // Plain git knows the remote as well.
        _ = try git("--git-dir", "theirs/lineage.git", "fetch", "--quiet")

        // A third one builds with the remote as a cache: files come, nothing but taking in the sources runs.
        program.cache = "third"
        let built = try #require(try program.run("build", "tiny.yaml", "--json", "--remote", "models.git").events.last)
        #expect(built.strings("ran").allSatisfy { $0.hasPrefix("source.") })
        #expect(DecantProgram.commits(built) == DecantProgram.commits(try program.build()))
        #expect(try program.run("fsck").output.contains("0 problems"))
    }

    /// What a clone leaves that was killed between two refs: the same command goes on.
    @Test func aCloneThatWasCutOffGoesOn() throws {
        try program.build()
        _ = try git("init", "--quiet", "--bare", "models.git")
        try program.run("push", "models.git")
        try program.run("clone", "models.git", "--cache", "theirs")
        let lineage = ["--git-dir", "theirs/lineage.git"]
        let refs = try git(lineage + ["for-each-ref"])
        _ = try git(lineage + ["config", "decant.cloning", program.folder.appending(path: "models.git").path])
        _ = try git(lineage + ["config", "--remove-section", "remote.origin"])
        _ = try git(lineage + ["update-ref", "-d", "refs/heads/tiny"])
        #expect(try program.run("clone", "other.git", "--cache", "theirs", status: 2).errors.contains("is a store already"))
        try program.run("clone", "models.git", "--cache", "theirs")
        #expect(try git(lineage + ["for-each-ref"]) == refs)
        #expect(try git(lineage + ["config", "remote.origin.url"]).contains("models.git"))
        #expect(try program.run("clone", "models.git", "--cache", "theirs", status: 2).errors.contains("is a store already"))
    }

    @Test func aBuildGoesOnWithoutARemoteThatIsNotThere() throws {
        let built = try program.run("build", "tiny.yaml", "data", "--json", "--remote", "http://127.0.0.1:9/models.git")
        #expect(built.errors.contains("warning: the build goes on without"))
        #expect(built.events.last?.strings("ran").contains("data") == true)
    }

    @Test func whatIsBehindIsToldWhatToDo() throws {
        try program.build()
        _ = try git("init", "--quiet", "--bare", "models.git")
        try program.run("push", "models.git")
        try program.run("clone", "models.git", "--cache", "theirs")
        try program.edit("tiny.yaml", "group_size: 32", "group_size: 64")
        try program.build()
        try program.run("push", "models.git")
        program.cache = "theirs"
        try program.edit("tiny.yaml", "group_size: 64", "group_size: 16")
        try program.build()
        let refused = try program.run("push", status: 1)
        #expect(refused.errors.contains("refs/heads/tiny"))
        #expect(refused.errors.contains("hint: decant pull"))
        #expect(try program.run("pull").output.contains("merged     "))
        #expect(try program.run("push").output.contains("forwarded  "))
        #expect(try program.build()["ran"] == [])
    }

    @Test func whatCannotBeIsSaid() throws {
        try program.run("import", "functions.yaml")
        #expect(try program.run("push", status: 2).errors.contains("none that is called 'origin'"))
        #expect(
            try program.run("pull", "nowhere", status: 2).errors.contains("neither a remote of this store nor a git repository")
        )
        #expect(try program.run("clone", "nowhere", "--cache", "new", status: 2).errors.contains("nor a git repository"))
        #expect(!FileManager.default.fileExists(atPath: program.folder.appending(path: "new").path))
        let secret = try program.run("pull", "git://me:secret@example.invalid/a", status: 2)
        #expect(!secret.errors.contains("secret"))
        #expect(secret.errors.contains("is no remote"))
        #expect(try program.run("pull", "git@example.invalid:a.git", status: 2).errors.contains("--lfs URL"))
    }

    /// A large file goes through in pieces: the program never has as much memory as the file has bytes.
    @Test func aLargeFileNeedsLittleMemory() throws {
        let script = """
            import resource, subprocess, sys
            status = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
            print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
            sys.exit(status)
            """
        func peak(_ arguments: String...) throws -> Int {
            let text = try ProgramRun.output(
                of: ["python3", "-c", script, Checkout.program.path] + arguments, in: program.folder)
            return try #require(Int(text.trimmingCharacters(in: .whitespacesAndNewlines)))
        }
        try program.edit("tiny.yaml", "printf 'a\\\\0b' > outputs/a.bin", "truncate -s 300M outputs/a.bin")
        try program.run("build", "tiny.yaml", "bytes")
        _ = try git("init", "--quiet", "--bare", "models.git")
        #expect(try peak("push", "models.git", "--cache", "cache") < 150 << 10)
        #expect(try peak("clone", "models.git", "--cache", "theirs") < 150 << 10)
    }
}
