import Foundation
import TestSupport
import Testing

@testable import Kinds

/// A command that tries something that no command should be able to do.
struct Escape: Sendable, CustomTestStringConvertible {
    let testDescription: String
    /// Makes `outputs/out` where it was kept from doing it. `MARK` stands for seconds that nothing else sleeps.
    let script: String
    /// What the log says where the command must fail.
    var message: String?
    var options: [String] = []

    init(_ name: String, _ script: String, fails message: String? = nil, options: [String] = []) {
        (testDescription, self.script, self.message, self.options) = (name, script, message, options)
    }

    /// Five times as many processes as it may have. It ends by itself: one without an end would take whatever a machine has, and
    /// the tests beside this one would find nothing left, where whoever counts comes too late.
    static let forkBomb = Escape(
        "a fork bomb", "b() { [ $1 = 0 ] && exec sleep 5; b $(($1 - 1)) & b $(($1 - 1)) & wait; }; b 8; exit 5",
        fails: "the command", options: ["--command-processes", "100"])

    /// - Parameter mark: what `MARK` stands for.
    func command(marked mark: String = ExecRun.mark()) -> Exec {
        ExecRun.shell(script.replacing("MARK", with: mark))
    }

    /// A call of the kernel by its number, which must be refused.
    private static func call(_ number: Int, _ arguments: String) -> String {
        "python3 -c 'import ctypes; c = ctypes.CDLL(None, use_errno=True); "
            + "assert c.syscall(\(number), \(arguments)) < 0; open(\"outputs/out\", \"w\")'"
    }

    /// What namespaces and the inner root keep a command from.
    static let contained = [
        Escape("write an input", "{ chmod a+w inputs/rows/a.txt; echo x >> inputs/rows/a.txt; } || touch outputs/out"),
        Escape("remove an input", "rm -f inputs/rows/a.txt; cat inputs/rows/a.txt && touch outputs/out"),
        Escape("link an input", "ln inputs/rows/a.txt outputs/link || touch outputs/out"),
        Escape("write beside the stage", "echo x > ../../x; mkdir ../../outputs; mkfifo ../../outputs/x; touch outputs/out"),
        Escape("read the stage's action", "cat ../../action.json || touch outputs/out"),
        Escape("move the own folder", "mv ../../exec ../../other || touch outputs/out"),
        Escape("read the home folder", "ls /root || ls /home || touch outputs/out"),
        Escape("write into the system", "touch /x || touch /usr/x || touch /etc/x || touch /opt/x || touch outputs/out"),
        Escape("change the kernel", "sh -c 'echo x > /proc/sys/kernel/core_pattern' || touch outputs/out"),
        Escape("read secrets of the system", "cat /etc/shadow || ls /etc/ssl/private /etc/ssh || touch outputs/out"),
        Escape("read the environment of others", "grep -a leaked /proc/[0-9]*/environ || touch outputs/out"),
        Escape("read the environment of the parent", "cat /proc/$PPID/environ /proc/1/environ || touch outputs/out"),
        Escape("see others", "test $(ls -d /proc/[0-9]* | wc -l) -lt 6 && touch outputs/out"),
        Escape("kill the parent", "kill -9 $PPID 1; kill -STOP $PPID; touch outputs/out"),
        Escape("mount", "mount -t tmpfs none /tmp || mount -o remount,rw /usr || umount /proc || touch outputs/out"),
        Escape("gain privileges in a namespace", "unshare -Ur true || unshare -m true || touch outputs/out"),
        Escape("give files away", "touch f; chown 1:1 f || chgrp 1 f || mknod d c 1 3 || touch outputs/out"),
        Escape(
            "find descriptors",
            "ls /proc/self/fd | tr '\\n' ' ' > list; test \"$(cat list)\" = '0 1 2 3 ' && touch outputs/out"),
        Escape("use a keyring", call(250, "0, -3, 0")),
        Escape("trace the parent", call(101, "16, 1, 0, 0")),
        Escape("enter the network of others", call(308, "0, 0")),
        Escape("make rings of calls", call(425, "8, 0")),
        Escape("reach a virtual machine's host", call(41, "40, 1, 0")),
        Escape("outlive the command", "setsid sleep MARK & touch outputs/out"),
    ]

    /// What is refused, whatever keeps the command apart.
    static let refused = [
        Escape("a link", "ln -s /etc/passwd outputs/out", fails: "outputs/out is a link or a special file"),
        Escape("a FIFO", "mkfifo outputs/out", fails: "outputs/out is a link or a special file"),
        Escape("a way through a link", "ln -s / outputs/x; ln -s x outputs/out", fails: "outputs/out is a link"),
        Escape("a hard link", "echo x > x; ln x outputs/out", fails: "outputs/out is a hard link to a file outside"),
        Escape("no outputs", "rmdir outputs; ln -s /usr outputs", fails: "outputs is no longer a folder"),
        Escape("outputs as a file", "rmdir outputs; echo x > outputs", fails: "outputs is no longer a folder"),
        Escape("a name of other bytes", "touch outputs/out \"$(printf 'outputs/a\\377')\"", fails: "name files in UTF-8"),
        Escape(
            "a folder without a mode", "mkdir -p outputs/out/x; chmod 0 outputs/out/x; touch outputs/out/y; exit 3",
            fails: "status 3"),
        Escape.forkBomb,
        Escape(
            "memory of several",
            "for n in 1 2 3 4; do "
                + "python3 -c 'import time; x = b\"x\" * (90 << 20); time.sleep(300)' & done; wait; touch outputs/out",
            fails: "bytes of memory together", options: ["--command-memory", "200MiB"]),
        Escape(
            "many files",
            "python3 -c 'import os\nfor n in range(100000): open(f\"outputs/{n}\", \"w\").close()'; touch outputs/out",
            fails: "more than 65536 files"),
        Escape(
            "a large file", "head -c 20M /dev/zero > outputs/out && exit 0; exit 4", fails: "the command",
            options: ["--command-bytes", "10MiB"]),
        Escape(
            "a file of holes", "truncate -s 1T outputs/out && exit 0; exit 4", fails: "the command",
            options: ["--command-bytes", "10MiB"]),
        Escape(
            "files that are large together", "for n in 1 2 3; do head -c 6M /dev/zero > $TMPDIR/$n; done; touch outputs/out",
            fails: "files of more than 10485760 bytes together", options: ["--command-bytes", "10MiB"]),
        Escape(
            "folders without end",
            "python3 -c 'import os\nfor n in range(3000): os.mkdir(\"d\"); os.chdir(\"d\")'; touch outputs/out",
            fails: "folders more than 256 deep"),
    ]
}

@Suite struct ExecEscapeTests {
    /// The user who runs the tests, and one without privileges where the machine can become it.
    static let users: [Int?] = getuid() == 0 ? [nil, 65534] : [nil]

    private static let inputs = ["rows/a.txt": "one\n"]

    private func run(
        _ escape: Escape, as user: Int?, mark: String = ExecRun.mark(), options: [String] = []
    ) throws -> ExecRun {
        let run = try ExecRun(escape.command(marked: mark), inputs: Self.inputs)
        var wrapper: [String] = []
        if let user {
            try run.give(to: user)
            wrapper += ["setpriv", "--reuid", "\(user)", "--regid", "\(user)", "--clear-groups", "--"]
        }
        return try run.run(wrapper: wrapper, options: escape.options + options)
    }

    @Test(.enabled(if: Machine.hasNamespaces, "the kernel allows no namespaces"), arguments: Escape.contained, users)
    func anEscapeIsContained(escape: Escape, user: Int?) throws {
        let mark = ExecRun.mark()
        let run = try run(escape, as: user, mark: mark, options: ["--isolation", "required"])
        #expect(run.status == 0, "\(run.log)")
        #expect(run.files == ["out"])
        #expect(run.leftovers == ["action.json", "inputs", "log", "outputs", "progress", "progress.jsonl"])
        #expect(try String(contentsOf: run.folder.appending(path: "inputs/rows/a.txt"), encoding: .utf8) == "one\n")
        #expect(!ExecRun.isRunning(mark))
    }

    @Test(.enabled(if: Machine.hasNamespaces, "the kernel allows no namespaces"), arguments: Escape.refused, users)
    func aBadOutputOrAnExcessIsRefused(escape: Escape, user: Int?) throws {
        let run = try run(escape, as: user)
        #expect(run.status == 1)
        #expect(run.log.contains(escape.message ?? "the command"), "\(run.log.suffix(2000))")
        #expect(run.files == [])
        #expect(run.leftovers == ["action.json", "inputs", "log", "outputs", "progress", "progress.jsonl"])
    }

    /// A socket of a name, and one in a folder that every program can write to.
    @Test(arguments: [true, false])
    func noSocketOfTheMachineIsReached(inNamespaces: Bool) throws {
        guard inNamespaces ? Machine.hasNamespaces : Machine.canForbidNamespaces else { return }
        let place = TemporaryFolder()
        let name = "decant-\(UUID().uuidString)"
        let server = Process()
        server.executableURL = URL(filePath: "/usr/bin/env")
        server.arguments = [
            "python3", "-c",
            "import socket, sys, time\nkept = []\nfor name in sys.argv[1:]:\n"
                + " s = socket.socket(socket.AF_UNIX); s.bind(name.replace('@', chr(0))); s.listen(); kept.append(s)\n"
                + "print('ready', flush=True); time.sleep(600)", "@\(name)", place.file("socket").path,
        ]
        let ready = Pipe()
        server.standardOutput = ready
        try server.run()
        defer { kill(server.processIdentifier, SIGKILL) }
        _ = ready.fileHandleForReading.availableData
        let script =
            "python3 -c 'import socket\nfor name in [chr(0) + \"\(name)\", \"\(place.file("socket").path)\"]:\n"
            + " try: socket.socket(socket.AF_UNIX).connect(name)\n except OSError: continue\n"
            + " raise SystemExit(\"reached\")' && touch outputs/out"
        let run = try ExecRun(ExecRun.shell(script)).run(wrapper: inNamespaces ? [] : Machine.withoutNamespaces)
        #expect(run.status == 0, "\(run.log)")
    }

    /// Whatever a process that was left over made of them at the last moment.
    @Test(arguments: [true, false]) func outputsAreTakenWhereTheyAre(inNamespaces: Bool) throws {
        guard inNamespaces ? Machine.hasNamespaces : Machine.canForbidNamespaces else { return }
        let swap = "while :; do mv outputs o; ln -s /etc outputs; rm outputs; mv o outputs; done"
        for _ in 0..<5 {
            let run = try ExecRun(
                ExecRun.shell("touch outputs/out; setsid sh -c '\(swap)' & sleep 0.1", outputs: ["out", "passwd"]))
            try run.run(wrapper: inNamespaces ? [] : Machine.withoutNamespaces)
            #expect(run.status == 1)
            #expect(run.log.contains("outputs is no longer a folder") || run.log.contains("did not make outputs/passwd"))
            #expect(run.files == [])
        }
    }

    @Test func whatACommandPrintsIsLimited() throws {
        let run = try ExecRun("yes 0123456789 | head -c 100M; touch outputs/out")
        #expect(run.status == 0)
        #expect(run.log.contains("exec: the rest of what the command prints is dropped"))
        #expect(run.log.utf8.count < 70 << 20)
    }
}

/// What holds where the kernel allows no user namespaces.
@Suite(.enabled(if: Machine.canForbidNamespaces, "this machine cannot forbid namespaces to a child"))
struct ExecWithoutNamespacesTests {
    @Test func aRequiredIsolationRefusesToRun() throws {
        let run = try ExecRun(ExecRun.shell("touch outputs/out"))
        try run.run(wrapper: Machine.withoutNamespaces, options: ["--isolation", "required"])
        #expect(run.status == 1)
        #expect(run.log.contains("--isolation required"))
        #expect(run.log.contains("sysctl -w user.max_user_namespaces"))
        #expect(run.files == [])
    }

    static let escapes = [
        Escape("read the environment of others", "grep -a leaked /proc/[0-9]*/environ || touch outputs/out"),
        Escape("read the environment of the parent", "cat /proc/$PPID/environ || touch outputs/out"),
        Escape("keep files beside the outputs", "echo x > ../../outputs/x || mkfifo ../../outputs/y || touch outputs/out"),
        Escape("replace the outputs", "rm -rf ../../outputs; ln -s /etc ../../outputs || touch outputs/out"),
        Escape(
            "damage what an input is a link to",
            "{ chmod u+w ../../inputs/rows/a.txt; echo x >> ../../inputs/rows/a.txt; } || touch outputs/out"),
        Escape("write into the system", "touch /x || touch /usr/x || touch /etc/x || touch outputs/out"),
        Escape("kill the parent", "kill -9 $PPID || touch outputs/out"),
        Escape("outlive the command", "setsid sleep MARK & touch outputs/out"),
        Escape.forkBomb,
    ]

    @Test(arguments: escapes) func theKernelsRulesForFilesHold(escape: Escape) throws {
        let mark = ExecRun.mark()
        let run = try ExecRun(escape.command(marked: mark), inputs: ["rows/a.txt": "one\n"])
        try run.run(wrapper: Machine.withoutNamespaces, options: escape.options)
        #expect(run.log.contains("exec: no inner root"))
        guard run.log.contains("Landlock") else { return }
        #expect(run.status == (escape.message == nil ? 0 : 1), "\(run.log)")
        #expect(run.files == (escape.message == nil ? ["out"] : []))
        #expect(run.leftovers == ["action.json", "inputs", "log", "outputs", "progress", "progress.jsonl"])
        #expect(try String(contentsOf: run.folder.appending(path: "inputs/rows/a.txt"), encoding: .utf8) == "one\n")
        #expect(!ExecRun.isRunning(mark))
    }
}
