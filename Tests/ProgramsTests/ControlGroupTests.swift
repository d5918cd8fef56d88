import Foundation
import TestSupport
import Testing

@testable import Programs

/// The limits that control groups of both versions set, read from recorded files.
struct ControlGroupTests {
    private static let unified = "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n"
    private static let separate = """
        31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
        32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct
        35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory

        """

    struct Recorded: Sendable {
        var what: String
        var membership: String
        var mounts: String
        var files: [String: String]
        var memory: Int?
        var processors: Double?
    }

    private static let recorded: [Recorded] = [
        Recorded(
            what: "nothing limits", membership: "0::/user.slice\n", mounts: unified,
            files: ["/sys/fs/cgroup/user.slice/memory.max": "max\n", "/sys/fs/cgroup/user.slice/cpu.max": "max 100000\n"]),
        Recorded(
            what: "a container with a namespace of its own", membership: "0::/\n", mounts: unified,
            files: ["/sys/fs/cgroup/memory.max": "536870912\n", "/sys/fs/cgroup/cpu.max": "150000 100000\n"],
            memory: 536_870_912, processors: 1.5),
        Recorded(
            what: "the limit stands three groups above", membership: "0::/a/b/c/d\n", mounts: unified,
            files: [
                "/sys/fs/cgroup/a/memory.max": "1000000\n", "/sys/fs/cgroup/a/b/c/memory.max": "5000000\n",
                "/sys/fs/cgroup/a/b/c/d/memory.max": "max\n", "/sys/fs/cgroup/a/b/cpu.max": "200000 100000\n",
                "/sys/fs/cgroup/a/b/c/d/cpu.max": "400000 100000\n",
            ], memory: 1_000_000, processors: 2),
        Recorded(
            what: "the kernel reclaims from memory.high on", membership: "0::/job\n", mounts: unified,
            files: ["/sys/fs/cgroup/job/memory.max": "2000000\n", "/sys/fs/cgroup/job/memory.high": "1500000\n"],
            memory: 1_500_000),
        Recorded(
            what: "version 1, limits of the group and of the one above",
            membership: "5:cpu,cpuacct:/docker/x\n4:memory:/docker/x\n0::/\n", mounts: separate,
            files: [
                "/sys/fs/cgroup/memory/docker/x/memory.limit_in_bytes": "9223372036854771712\n",
                "/sys/fs/cgroup/memory/docker/memory.limit_in_bytes": "300000000\n",
                "/sys/fs/cgroup/cpu,cpuacct/docker/x/cpu.cfs_quota_us": "50000\n",
                "/sys/fs/cgroup/cpu,cpuacct/docker/x/cpu.cfs_period_us": "100000\n",
                "/sys/fs/cgroup/cpu,cpuacct/docker/cpu.cfs_quota_us": "-1\n",
                "/sys/fs/cgroup/cpu,cpuacct/docker/cpu.cfs_period_us": "100000\n",
            ], memory: 300_000_000, processors: 0.5),
        Recorded(
            what: "a container that sees only its own group of version 1", membership: "4:memory:/docker/x/inner\n",
            mounts: "35 31 0:32 /docker/x /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n",
            files: [
                "/sys/fs/cgroup/memory/memory.limit_in_bytes": "700\n",
                "/sys/fs/cgroup/memory/inner/memory.limit_in_bytes": "600\n",
            ], memory: 600),
        Recorded(
            what: "a group outside what is mounted", membership: "0::/../other\n", mounts: unified,
            files: ["/sys/fs/cgroup/memory.max": "800\n"], memory: 800),
        Recorded(
            what: "a mount point with a space", membership: "0::/g\n",
            mounts: "30 23 0:26 / /srv/my\\040groups rw - cgroup2 cgroup2 rw\n",
            files: ["/srv/my groups/g/memory.max": "900\n"], memory: 900),
        Recorded(
            what: "texts that are no numbers", membership: "0::/g\nrubbish\n:::\n", mounts: "short\n" + unified,
            files: ["/sys/fs/cgroup/g/memory.max": "-5\n", "/sys/fs/cgroup/g/cpu.max": "0 0\n"]),
    ]

    @Test func theNarrowestLimitOnTheWayUpCounts() {
        for item in Self.recorded {
            let limits = ControlGroupLimits(membership: item.membership, mounts: item.mounts) { item.files[$0] }
            #expect(limits.memory == item.memory, "\(item.what)")
            #expect(limits.processors == item.processors, "\(item.what)")
        }
    }

    /// Where this machine lets groups be made, a real one is read.
    @Test func aGroupOfThisMachineIsRead() throws {
        let parents = ["/sys/fs/cgroup/memory", "/sys/fs/cgroup"].filter {
            FileManager.default.fileExists(atPath: "\($0)/memory.limit_in_bytes")
                || (try? String(contentsOfFile: "\($0)/cgroup.subtree_control", encoding: .utf8))?.contains("memory") == true
        }
        guard let parent = parents.first else { return }
        let group = "\(parent)/decant-test-\(getpid())"
        guard mkdir(group, 0o755) == 0 else { return }
        defer { rmdir(group) }
        let limit = ["memory.max", "memory.limit_in_bytes"].map { "\(group)/\($0)" }.first {
            FileManager.default.fileExists(atPath: $0)
        }
        try Data("268435456".utf8).write(to: URL(filePath: try #require(limit)))
        let child = Process()
        child.executableURL = URL(filePath: "/bin/sleep")
        child.arguments = ["60"]
        try child.run()
        defer {
            kill(child.processIdentifier, SIGKILL)
            child.waitUntilExit()
        }
        try Data("\(child.processIdentifier)".utf8).write(to: URL(filePath: "\(group)/cgroup.procs"))
        func text(_ path: String) -> String? { try? String(contentsOfFile: path, encoding: .utf8) }
        let limits = ControlGroupLimits(
            membership: text("/proc/\(child.processIdentifier)/cgroup") ?? "", mounts: text("/proc/self/mountinfo") ?? "",
            read: text)
        #expect(limits.memory == 268_435_456)
    }
}
