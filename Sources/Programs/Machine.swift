import CSpawn
import Foundation

/// What this process may take of the machine: as much as its affinity and its control groups let it.
package struct Machine: Hashable, Sendable {
    /// Processors that work at one time.
    package let processors: Int
    /// Bytes.
    package let memory: Int

    package static let current = Machine()

    private init() {
        let limits = ControlGroupLimits(
            membership: Self.text("/proc/self/cgroup") ?? "", mounts: Self.text("/proc/self/mountinfo") ?? "", read: Self.text)
        let physical = Int(clamping: ProcessInfo.processInfo.physicalMemory)
        memory = min(physical, limits.memory ?? physical)
        let allowed = Self.affinity ?? ProcessInfo.processInfo.activeProcessorCount
        processors = max(1, min(allowed, limits.processors.map { Int(min($0, 1e6).rounded(.up)) } ?? allowed))
    }

    /// Processors on which the kernel may run this process (`taskset`, a container's set, a job of a cluster).
    private static var affinity: Int? {
        var set = cpu_set_t()
        guard sched_getaffinity(0, MemoryLayout<cpu_set_t>.size, &set) == 0 else { return nil }
        let count = withUnsafeBytes(of: &set) { bytes in bytes.reduce(0) { $0 + $1.nonzeroBitCount } }
        return count > 0 ? count : nil
    }

    private static func text(_ path: String) -> String? { try? String(contentsOfFile: path, encoding: .utf8) }
}

/// The limits of a process's control groups (cgroups of version 1 and 2): the narrowest from its own group up to the root that it
/// sees.
package struct ControlGroupLimits: Hashable, Sendable {
    /// Bytes; `nil` where nothing limits them.
    package private(set) var memory: Int?
    /// Processors' worth of time; `nil` where nothing limits it.
    package private(set) var processors: Double?

    /// - Parameters:
    ///   - membership: `/proc/self/cgroup`.
    ///   - mounts: `/proc/self/mountinfo`.
    ///   - read: a file's text; `nil` where there is no such file.
    package init(membership: String, mounts: String, read: (String) -> String?) {
        let hierarchies = mounts.split(separator: "\n").compactMap { Hierarchy(mountLine: $0) }
        for line in membership.split(separator: "\n") {
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { continue }
            let controllers = fields[1].split(separator: ",").map(String.init)
            for hierarchy in hierarchies where hierarchy.has(controllers) {
                for folder in hierarchy.folders(of: String(fields[2])) {
                    if hierarchy.isUnified { narrowUnified(folder, read) } else { narrow(folder, controllers, read) }
                }
            }
        }
    }

    private mutating func narrowUnified(_ folder: String, _ read: (String) -> String?) {
        for file in ["memory.max", "memory.high"] { limitMemory(read("\(folder)/\(file)")) }
        let quota = (read("\(folder)/cpu.max") ?? "").split(whereSeparator: \.isWhitespace)
        if quota.count == 2 { limitProcessors(String(quota[0]), of: String(quota[1])) }
    }

    private mutating func narrow(_ folder: String, _ controllers: [String], _ read: (String) -> String?) {
        if controllers.contains("memory") { limitMemory(read("\(folder)/memory.limit_in_bytes")) }
        if controllers.contains("cpu"), let quota = read("\(folder)/cpu.cfs_quota_us"),
            let period = read("\(folder)/cpu.cfs_period_us")
        {
            limitProcessors(quota, of: period)
        }
    }

    /// Words such as `max`, and the number near 2^63 that stands for no limit, change nothing.
    private mutating func limitMemory(_ text: String?) {
        guard let bytes = text.flatMap({ Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) }), bytes > 0, bytes < 1 << 62
        else { return }
        memory = min(memory ?? bytes, bytes)
    }

    private mutating func limitProcessors(_ quota: String, of period: String) {
        guard let quota = Double(quota.trimmingCharacters(in: .whitespacesAndNewlines)),
            let period = Double(period.trimmingCharacters(in: .whitespacesAndNewlines)), quota > 0, period > 0
        else { return }
        processors = min(processors ?? .infinity, quota / period)
    }
}

/// A mounted hierarchy of control groups.
private struct Hierarchy {
    let isUnified: Bool
    /// The group that is seen at the mount point.
    private let root: String
    private let mountPoint: String
    private let options: Set<String>

    /// - Parameter mountLine: id, parent, device, root, mount point, options, further fields, `-`, type, source, own options.
    init?(mountLine: Substring) {
        let fields = mountLine.split(separator: " ").map(String.init)
        guard let dash = fields.firstIndex(of: "-"), dash >= 6, fields.count > dash + 3,
            ["cgroup", "cgroup2"].contains(fields[dash + 1])
        else { return nil }
        isUnified = fields[dash + 1] == "cgroup2"
        (root, mountPoint) = (Self.unescaped(fields[3]), Self.unescaped(fields[4]))
        options = Set(fields[dash + 3].split(separator: ",").map(String.init))
    }

    func has(_ controllers: [String]) -> Bool {
        isUnified ? controllers.isEmpty : controllers.contains { options.contains($0) }
    }

    /// The folder of the group and of each group above it, as far as they are seen.
    func folders(of group: String) -> [String] {
        // A group outside what is mounted is not seen by its name; the mount point is then its own, or one above it.
        let isBelow = root == "/" || group == root || group.hasPrefix(root + "/")
        let path = isBelow ? group.dropFirst(root == "/" ? 0 : root.count) : ""
        var names = path.split(separator: "/")
        guard !names.contains("..") else { return [mountPoint] }
        var folders = [mountPoint]
        while !names.isEmpty {
            folders.append(mountPoint + "/" + names.joined(separator: "/"))
            names.removeLast()
        }
        return folders
    }

    /// The kernel writes a space as `\040`.
    private static func unescaped(_ field: String) -> String {
        field.replacing(/\\([0-7]{3})/) { match in
            UInt8(match.1, radix: 8).map { String(UnicodeScalar($0)) } ?? String(match.0)
        }
    }
}
