import Foundation

/// Whether a command may run where the kernel cannot keep it apart from the machine.
package enum Isolation: String, Sendable, CaseIterable {
    /// It runs; the log says what is missing.
    case best
    /// It does not run.
    case required
}

/// What a command and all that it starts may take together, whatever its recipe says. No result depends on it.
package struct CommandLimits: Hashable, Sendable {
    /// Files and folders that it makes.
    package var files = 65_536
    /// Bytes of all its files, and of each.
    package var bytes = 64 << 30
    package var processes = 2048
    /// Bytes that its processes hold.
    package var memory = Int(ProcessInfo.processInfo.physicalMemory / 10 * 9)
    /// Bytes that it prints; what is beyond is dropped.
    package var log = 64 << 20

    package init() {}
}

/// What a command's processes take at a moment.
struct ProcessUse {
    var processes = 0
    /// Bytes; a page that processes share counts for each of them.
    var residentMemory = 0
    /// The command's processes.
    private var ids: [pid_t] = []

    /// - Parameter root: the process above the command, which does not count.
    init(below root: pid_t) {
        var children: [pid_t: [(id: pid_t, pages: Int)]] = [:]
        for name in (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? [] {
            guard let id = pid_t(name), let fields = Self.fields(of: id), fields.count > 21, let parent = pid_t(fields[1])
            else { continue }
            children[parent, default: []].append((id, Int(fields[21]) ?? 0))
        }
        var above = [root]
        while let parent = above.popLast() {
            for child in children[parent] ?? [] {
                above.append(child.id)
                ids.append(child.id)
                residentMemory += child.pages * Int(getpagesize())
            }
        }
        processes = ids.count
    }

    /// All threads, of whatever process; takes the same time however many there are.
    static var threadsOfTheMachine: Int {
        // "0.20 0.18 0.12 1/80 11206": of 80 threads one runs.
        text("/proc/loadavg")?.split(separator: " ").dropFirst(3).first?.split(separator: "/").last.flatMap { Int($0) } ?? 0
    }

    /// Those that the first thread of a process started, and those that it adopted.
    static func children(of process: pid_t) -> [pid_t] {
        text("/proc/\(process)/task/\(process)/children")?.split(separator: " ").compactMap { pid_t($0) } ?? []
    }

    /// What stands behind the name of a process in its `stat`: its state, its parent, …
    private static func fields(of process: pid_t) -> [Substring]? {
        guard let text = Self.text("/proc/\(process)/stat"), let name = text.lastIndex(of: ")") else { return nil }
        return text[text.index(after: name)...].split(separator: " ")
    }

    /// Bytes, every shared page counted once. Slow for large processes.
    var proportionalMemory: Int {
        ids.reduce(0) { sum, id in
            let line = Self.text("/proc/\(id)/smaps_rollup")?.split(separator: "\n").first { $0.hasPrefix("Pss:") }
            return sum + (line?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) << 10
        }
    }

    private static func text(_ path: String) -> String? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = read(file, &bytes, bytes.count)
        return count > 0 ? String(decoding: bytes[..<count], as: UTF8.self) : nil
    }
}

/// What lies in the folders that a command may write to.
struct FolderUse {
    /// Files and folders.
    private(set) var files = 0
    /// Bytes that they claim, and for files with holes not what they take of the disk.
    private(set) var bytes = 0
    private(set) var isTooDeep = false

    private static let deepest = 256

    init(of folders: [OpenFolder]) {
        for folder in folders { add(folder, depth: 0) { _ in false } }
    }

    /// Stops where more than the limits was added to what is given.
    init(of folders: [OpenFolder], besides given: FolderUse, within limits: CommandLimits) {
        for folder in folders { add(folder, depth: 0) { $0.excess(over: limits, besides: given) != nil } }
    }

    private mutating func add(_ folder: OpenFolder, depth: Int, until isEnough: (FolderUse) -> Bool) {
        guard depth < Self.deepest else { return isTooDeep = true }
        for entry in (try? folder.entries()) ?? [] where !isEnough(self) {
            files += 1
            if entry.isFile { bytes += min(Int(entry.status.st_size), Int.max - bytes) }
            if entry.isFolder, let inner = try? OpenFolder(entry.name, in: folder) {
                add(inner, depth: depth + 1, until: isEnough)
            }
        }
    }

    /// Which limit was passed.
    func excess(over limits: CommandLimits, besides given: FolderUse) -> String? {
        if files - given.files > limits.files { return "more than \(limits.files) files" }
        if bytes - given.bytes > limits.bytes { return "files of more than \(limits.bytes) bytes together" }
        return isTooDeep ? "folders more than \(Self.deepest) deep" : nil
    }
}
