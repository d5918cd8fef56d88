import CanonicalJSON
import Foundation
import TestSupport
import Testing

/// Several people at one store and one remote, on one machine.
@Suite(.enabled(if: geteuid() == 0 && ProgramRun.succeeds(["setpriv", "--version"]), "only root can act as several people"))
struct TeamTests {
    /// Nothing is trained for long.
    private static let recipe = """
        decant: 1
        name: tiny
        sources:
          functions: {path: functions.yaml}
          utterances: {path: utterances.yaml}
        data:
          generate: {functions: functions, templates: utterances, count: 60, seed: 3}
          split: {test: 15%, valid: 5%}
          prompt: query
        tokenizer: {vocabulary: 300}
        student: {init: {hidden: 32, layers: 2, heads: 2, kv_heads: 1, intermediate: 64}}
        transfer: "SFT(steps: 4)"
        quantize: {scheme: W8A16, group_size: 32}
        evaluate: {sets: [test], metrics: [ar, flops]}
        """

    private let program: DecantProgram
    private var folder: URL { program.folder }

    init() throws {
        program = try DecantProgram(recipe: Self.recipe)
        for user in ["4001", "4002"] {
            try FileManager.default.createDirectory(at: folder.appending(path: user), withIntermediateDirectories: true)
            chown(folder.appending(path: user).path, uid_t(user) ?? 0, 5000)
        }
    }

    /// Runs a shell's text as a member of the group; `decant` in it is the program.
    @discardableResult
    private func run(
        as user: Int, umask: String = "022", _ text: String, _ environment: [String: String] = [:]
    ) throws -> ProgramRun {
        var all = ["HOME": folder.appending(path: "\(user)").path, "LC_ALL": "C", "PATH": "/usr/bin:/bin"]
        all.merge(environment) { $1 }
        return try ProgramRun(
            [
                "setpriv", "--reuid=\(user)", "--regid=5000", "--clear-groups", "sh", "-c",
                "decant() { '\(Checkout.program.path)' \"$@\"; }; umask \(umask); cd '\(folder.path)'; \(text)",
            ], environment: all)
    }

    private func groupFolder(_ name: String) {
        let path = folder.appending(path: name).path
        mkdir(path, 0o775)
        chown(path, 4001, 5000)
        chmod(path, 0o2775)
    }

    @Test func aStoreInTheFolderOfAGroupIsEverybodys() throws {
        groupFolder("group")
        #expect(try run(as: 4001, umask: "002", "decant build tiny.yaml --cache group/c").status == 0)
        let second = try run(as: 4002, umask: "002", "decant build tiny.yaml --cache group/c")
        #expect(second.status == 0, "\(second.errors)")
        let changed = try run(
            as: 4002, umask: "002",
            "sed 's/seed: 3/seed: 4/' tiny.yaml > 4002/tiny.yaml; cp *s.yaml 4002; "
                + "decant build 4002/tiny.yaml --cache group/c && decant gc --keep-days 0 --cache group/c")
        #expect(changed.status == 0, "\(changed.errors)")
        #expect(try run(as: 4001, umask: "002", "decant fsck --cache group/c").output.contains("0 problems"))
    }

    /// `core.sharedRepository` holds whatever the umask is, for the remote and for a store.
    @Test func aRepositoryThatIsSharedTakesPushesOfAll() throws {
        groupFolder("srv")
        try run(as: 4001, "git init -q --bare --shared srv/m.git")
        try run(as: 4002, "git config --global safe.directory '*'")
        for round in 1...2 {
            for user in [4001, 4002] {
                let pushed = try run(
                    as: user,
                    "cd \(user); cp ../functions.yaml ../utterances.yaml .; "
                        + "sed 's/seed: 3/seed: \(user + round)/; s/name: tiny/name: u\(user)-\(round)/' ../tiny.yaml > r.yaml; "
                        + "decant build r.yaml --cache c && decant push '\(folder.path)/srv/m.git' --cache c")
                #expect(pushed.status == 0, "\(pushed.errors)")
            }
        }
        let odd = try run(as: 4001, "find srv/m.git/refs srv/m.git/objects srv/m.git/lfs ! -perm -g=r -o -type d ! -perm -g=w")
        #expect(odd.output == "")
    }

    @Test func aRepositoryOfSomebodyElseIsRefusedWithTheCommandThatTrustsIt() throws {
        try ProgramRun.output(of: ["git", "init", "--quiet", "--bare", folder.appending(path: "models.git").path])
        try program.run("build", "tiny.yaml")
        try program.run("push", "models.git")
        let command = "git config --global --add safe.directory \(folder.path)/models.git"
        let refused = try run(as: 4001, "decant clone '\(folder.path)/models.git' --cache 4001/c")
        #expect(refused.status == 1)
        #expect(refused.errors.contains(command))
        #expect(try run(as: 4001, "\(command); decant clone '\(folder.path)/models.git' --cache 4001/c").status == 0)
        for pattern in ["*", folder.path + "/*"] {
            try run(as: 4002, "git config --global --unset-all safe.directory; git config --global safe.directory '\(pattern)'")
            #expect(try run(as: 4002, "rm -rf 4002/c; decant clone '\(folder.path)/models.git' --cache 4002/c").status == 0)
        }
    }

    private static let readers = [
        "log tiny", "show tiny", "status", "lineage model", "plan tiny.yaml", "fsck", "run model 'turn on the light'",
        "tag", "gc --dry-run",
    ]

    @Test func whoMayOnlyReadReads() throws {
        try program.run("build", "tiny.yaml")
        let before = try FileManager.default.subpathsOfDirectory(atPath: folder.appending(path: "cache").path).sorted()
        for command in Self.readers {
            let read = try run(as: 4001, "decant \(command) --cache cache")
            #expect(read.status == 0, "\(command): \(read.errors)")
        }
        #expect(try run(as: 4001, "decant export model 4001/out --cache cache").status == 0)
        let refused = try run(
            as: 4001, "cp *.yaml 4001; cd 4001; sed -i 's/seed: 3/seed: 5/' tiny.yaml; decant build tiny.yaml --cache ../cache")
        #expect(refused.status == 3)
        #expect(refused.errors.contains("can only be read here: "))
        #expect(refused.errors.contains("Permission denied; its owner can run `chmod g+w "))
        let after = try FileManager.default.subpathsOfDirectory(atPath: folder.appending(path: "cache").path).sorted()
        #expect(after == before)
    }

    /// The owner's build goes on, and its log is not yet in the index.
    @Test func whoMayOnlyReadReadsBesideSomebodyWhoWrites() throws {
        try program.run("build", "tiny.yaml")
        let log = folder.appending(path: "cache/index.sqlite-wal").path
        let run = try run(as: 4001, "decant log tiny --cache cache")
        #expect(run.status == 0, "\(run.errors)")
        #expect(!FileManager.default.fileExists(atPath: log))
    }

    @Test(.enabled(if: ProgramRun.succeeds(["unshare", "-m", "true"]), "needs mounts of its own"))
    func aDiskThatCannotBeWrittenCanBeRead() throws {
        try program.run("build", "tiny.yaml")
        let commands = (Self.readers + ["export model out", "export model out.gguf --format gguf"])
            .map {
                "'\(Checkout.program.path)' \($0) --cache cache > out.txt 2>&1 || { echo \"\($0.prefix(8)): $(cat out.txt)\"; }"
            }
        let script =
            "mount --bind cache cache && mount -o remount,ro,bind cache && { \(commands.joined(separator: "; ")); true; }"
        let run = try ProgramRun(["unshare", "-m", "sh", "-c", script], in: folder)
        #expect(run.status == 0)
        #expect(run.output == "", "\(run.errors)")
    }

    @Test func theHomeOfSomebodyElseIsNoObstacle() throws {
        chmod(folder.appending(path: "4002").path, 0o700)
        let home = ["HOME": folder.appending(path: "4002").path]
        let built = try run(
            as: 4001, "cp *.yaml 4001; cd 4001; decant build tiny.yaml --cache c && decant log tiny --cache c", home)
        #expect(built.status == 0, "\(built.errors)")
        try run(as: 4002, "git config --global user.name x; chmod 600 4002/.gitconfig; chmod 755 4002")
        #expect(try run(as: 4001, "decant log tiny --cache 4001/c", home).status == 0)
    }

    @Test func theEnvironmentNamesWhoBuilds() throws {
        let names = [
            "GIT_AUTHOR_NAME": "Ann", "GIT_AUTHOR_EMAIL": "ann@example.com", "GIT_COMMITTER_NAME": "Bot",
            "GIT_COMMITTER_EMAIL": "bot@example.com",
        ]
        #expect(try run(as: 4001, "cp *.yaml 4001; cd 4001; decant build tiny.yaml --cache c", names).status == 0)
        let said = try run(as: 4001, "git -C 4001/c/lineage.git log -1 --format='%an %ae %cn %ce' tiny")
        #expect(said.output == "Ann ann@example.com Bot bot@example.com\n")
    }

    // MARK: Full disks

    @Test(.enabled(if: ProgramRun.succeeds(["unshare", "-m", "true"]), "needs mounts of its own"))
    func anExportToAFullDiskLeavesNothing() throws {
        try program.run("build", "tiny.yaml")
        let decant = "'\(Checkout.program.path)'"
        let run = try ProgramRun(
            [
                "unshare", "-m", "sh", "-c",
                """
                mkdir disk; mount -t tmpfs -o size=64k none disk
                \(decant) export model disk/a --cache cache; echo status $?; ls -A disk
                mount -o remount,size=8m disk
                \(decant) export model disk/a --cache cache > /dev/null; echo status $?; ls -A disk
                """,
            ], in: folder)
        #expect(run.output == "status 3\nstatus 0\na\n")
        #expect(run.errors.contains("disk/a cannot be written: No space left on device; nothing of the export is left"))
        #expect(!run.errors.contains("nothing in the store"))
    }

    @Test func aLimitOfFilesIsNamedAndTheIndexIsLeftAlone() throws {
        try program.run("build", "tiny.yaml")
        let text = "ulimit -f 4; cp *.yaml 4001; cd 4001; trap '' XFSZ; decant build tiny.yaml --cache c"
        let run = try run(as: 4001, text)
        #expect(run.status == 3)
        #expect(run.errors.contains("File too large") || run.errors.contains("ulimit -f"))
        #expect(!run.errors.contains("delete "))
    }
}
