import CanonicalJSON
import Foundation
import TestSupport
import Testing

/// How the program takes signals, and machines that lack something.
@Suite(.serialized) struct ProcessTests {
    private static let nap = """
        decant: 1
        name: nap
        sources: {functions: {path: functions.yaml}, utterances: {path: utterances.yaml}}
        data: {generate: {functions: functions, templates: utterances, count: 60, seed: 3}}
        stages: {nap: {command: [sh, -c, "sleep 2; echo done > outputs/x"], outputs: [x]}}

        """

    /// Starts the nap in the background, as `$p`, with its messages in `log`, and waits until it sleeps.
    private static let napping =
        "$DECANT build tiny.yaml nap --cache c 2> log & p=$!; " + waiting(for: "running  nap")

    /// Waits until the build `$p` has said something in `log`, or has ended.
    private static func waiting(for text: String) -> String {
        "while ! grep -q '\(text)' log && kill -0 $p; do sleep 0.02; done; "
    }

    /// One of the processors that this process may use.
    private static let oneProcessor = "taskset -c $(taskset -cp $$ | sed 's/.*: //; s/[-,].*//')"

    /// Runs a line of shell in the program's folder, with `$DECANT` for the program.
    private func shell(_ line: String, _ program: DecantProgram) throws -> ProgramRun {
        let environment = [
            "DECANT": Checkout.program.path, "HOME": program.folder.path, "LC_ALL": "C",
            "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin:/usr/sbin:/sbin",
        ]
        return try ProgramRun(
            [ProgramRun.hearingSignals, "bash", "-c", line], in: program.folder, environment: environment,
            mergesErrors: true)
    }

    @Test(arguments: [("HUP", 129), ("INT", 130), ("TERM", 143)])
    func aSignalEndsABuildWithItsOwnStatus(name: String, status: Int) throws {
        let program = try DecantProgram(recipe: Self.nap.replacing("sleep 2", with: "sleep 200"))
        // A shell's background jobs ignore SIGINT unless it has job control.
        let run = try shell("set -m; \(Self.napping) kill -\(name) $p; wait $p; echo status $?; cat log", program)
        #expect(run.output.contains("status \(status)\n"), "\(run.output)")
    }

    @Test(arguments: ["HUP", "INT"])
    func aSignalThatWasIgnoredStaysIgnored(name: String) throws {
        let program = try DecantProgram(recipe: Self.nap)
        let run = try shell("trap '' \(name); \(Self.napping) kill -\(name) $p; wait $p; echo status $?; cat log", program)
        #expect(run.output.contains("status 0\n"), "\(run.output)")
        #expect(run.output.contains("1 ran"), "\(run.output)")
    }

    /// Jobs side by side take no more processors than the affinity allows.
    @Test func affinityBoundsTheJobs() throws {
        let program = try DecantProgram(
            recipe: Self.nap.replacing(
                "stages: {nap: {command: [sh, -c, \"sleep 2; echo done > outputs/x\"], outputs: [x]}}",
                with: """
                    stages:
                      a: {command: [sh, -c, "sleep 1; echo a > outputs/x"], outputs: [x]}
                      b: {command: [sh, -c, "sleep 1; echo b > outputs/x"], outputs: [x]}
                    """))
        let run = try shell("\(Self.oneProcessor) $DECANT build tiny.yaml a b --cache c --json", program)
        let running = run.output.split(separator: "\n").compactMap { try? JSON(parsing: String($0))["event"]?.string }
            .filter { $0 == "stage-started" || $0 == "stage-finished" }
        #expect(running == ["stage-started", "stage-finished", "stage-started", "stage-finished"], "\(run.output)")
    }

    @Test(arguments: [3, 5, 8, 10])
    func whereNoThreadCanBeMadeTheBuildSaysSo(limit: Int) throws {
        guard getuid() == 0 else { return }
        let program = try DecantProgram()
        let run = try shell(
            "chmod 755 .; mkdir u; cp *.yaml u; chown -R 4011:4011 u; cd u; "
                + "timeout -s KILL 120 setpriv --reuid=4011 --regid=4011 --clear-groups env HOME=$PWD "
                + "bash -c 'ulimit -u \(limit); exec $DECANT build tiny.yaml --cache c'; echo status $?", program)
        #expect(run.output.contains("no further thread can be started"), "\(run.output)")
        // By itself, not by the time limit.
        #expect(run.output.hasSuffix("status 1\n") || run.output.hasSuffix("status 3\n"), "\(run.output)")
    }

    @Test(arguments: [450_000, 600_000])
    func littleAddressSpaceIsSaidOrIsEnough(kibibytes: Int) throws {
        let program = try DecantProgram()
        let run = try shell(
            // Each processor has a thread, whose stack needs addresses.
            "ulimit -v \(kibibytes); \(Self.oneProcessor) $DECANT build tiny.yaml data --cache c; echo status $?", program)
        #expect(!run.output.contains("rip 0x"), "registers are shown")
        let isEnough = kibibytes > 524_288
        #expect(run.output.contains(isEnough ? "status 0" : "status 3"), "\(run.output)")
        #expect(run.output.contains("needs 512 MiB") == !isEnough, "\(run.output)")
    }

    /// Each thread needs addresses for a stack.
    @Test func moreThreadsThanTheAddressesHoldAreAnError() throws {
        let program = try DecantProgram()
        let run = try shell("ulimit -v 700000; $DECANT build tiny.yaml data --threads 1024 --cache c; echo status $?", program)
        #expect(run.output.contains("no further thread can be started"), "\(run.output)")
        #expect(run.output.contains("status 1"), "\(run.output)")
    }

    @Test func aStageThatTheKernelKilledNamesMemory() throws {
        let program = try DecantProgram(recipe: InterruptionTests.long)
        let run = try shell(
            """
            $DECANT build tiny.yaml teacher --cache c 2> log & p=$!
            \(Self.waiting(for: "running  teacher.sft"))
            while kill -0 $p; do
              for child in $(cat /proc/$p/task/*/children); do
                if tr '\\0' ' ' < /proc/$child/cmdline | grep -q 'stage run'; then kill -KILL $child; break 2; fi
              done; sleep 0.02
            done; wait $p; echo status $?; cat log
            """, program)
        #expect(run.output.contains("ended by signal 9"), "\(run.output)")
        #expect(run.output.contains("memory"), "\(run.output)")
        #expect(run.output.contains("status 1\n"), "\(run.output)")
    }

    @Test func withoutProcASuperuserBuildsAndOthersAreTold() throws {
        guard getuid() == 0 else { return }
        let program = try DecantProgram()
        let run = try shell(
            "unshare -m bash -c 'mount -t tmpfs none /proc && $DECANT build tiny.yaml data --cache c; echo status $?'", program)
        guard !run.output.contains("Operation not permitted") else { return }
        #expect(run.output.contains("status 0") && run.output.contains("ran"), "\(run.output)")
        let other = try shell(
            "chmod 755 .; unshare -m bash -c 'mount -t tmpfs none /proc && "
                + "setpriv --reuid=4011 --regid=4011 --clear-groups $DECANT build tiny.yaml data --cache d; echo status $?'",
            program)
        #expect(other.output.contains("status 3") && other.output.contains("mount -t proc"), "\(other.output)")
    }

    /// In a process namespace whose `/proc` is the outer one, libdispatch would not find its own threads.
    @Test func aForeignProcIsReplaced() throws {
        guard getuid() == 0 else { return }
        let program = try DecantProgram()
        for round in 0..<3 {
            let run = try shell(
                "timeout -s KILL 300 unshare -pf --kill-child $DECANT build tiny.yaml data --cache c\(round); echo status $?",
                program)
            guard !run.output.contains("unshare failed") else { return }
            #expect(run.output.contains("status 0"), "\(run.output)")
        }
    }
}

/// What commands leave behind, and what their hints repeat.
struct StoreManners {
    @Test(arguments: [
        ["run", "model", "hello"], ["status"], ["log"], ["plan", "tiny.yaml"], ["explain", "tiny.yaml", "data"],
        ["show", "data"],
        ["lineage", "data"], ["verify", "data"], ["export", "data", "out"], ["fsck"], ["gc"], ["tag"], ["diff", "a", "b"],
        ["push", "somewhere"], ["build", "mistyped.yaml"], ["import", "mistyped.txt"],
    ])
    func aCommandThatReadsLeavesNoStoreBehind(arguments: [String]) throws {
        let program = try DecantProgram()
        let run = ProgramRun(readingToTheEndOf: try program.start(arguments + ["--cache", "mistyped"]))
        let plans = ["plan", "explain"].contains(arguments[0])
        #expect(run.status == (plans ? 0 : 2), "\(run.errors)")
        #expect(!FileManager.default.fileExists(atPath: program.folder.appending(path: "mistyped").path))
        #expect(!FileManager.default.fileExists(atPath: program.folder.appending(path: "cache").path))
        if !plans, arguments.count == 1 || arguments[0] == "run" { #expect(run.errors.contains("--cache"), "\(run.errors)") }
    }

    @Test func hintsRepeatTheStore() throws {
        let program = try DecantProgram()
        let plan = try program.run("plan", "tiny.yaml", "--cache", "my store")
        #expect(plan.errors.contains("build tiny.yaml --cache 'my store'"), "\(plan.errors)")
        let other = try program.run("plan", "tiny.yaml", "--cache=it's")
        #expect(other.errors.contains(#"build tiny.yaml --cache 'it'\''s'"#), "\(other.errors)")
        let plain = try program.run("plan", "tiny.yaml")
        #expect(plain.errors.contains("hint: decant build tiny.yaml\n"), "\(plain.errors)")
    }
}
