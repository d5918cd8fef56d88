import CContainment
import Foundation
import Programs

/// Watches one command from outside: passes on what it prints, counts what it takes, and waits for its end.
struct Supervision {
    /// The process above the command.
    let process: pid_t
    /// What the command prints.
    let log: Int32
    let reports: Int32
    /// While it is open the command may run.
    let lifeline: Int32
    let limits: CommandLimits
    let folders: [OpenFolder]
    /// Whether the kernel ends everything with the process above the command.
    let endsWithNamespace: Bool
    /// What was in the folders before the command.
    let given: FolderUse
    private let threadsBefore = ProcessUse.threadsOfTheMachine
    private var logged = 0

    private typealias Report = containment_report

    init(
        process: pid_t, log: Int32, reports: Int32, lifeline: Int32, limits: CommandLimits, folders: [OpenFolder],
        given: FolderUse, endsWithNamespace: Bool
    ) {
        (self.process, self.log, self.reports, self.lifeline) = (process, log, reports, lifeline)
        (self.limits, self.folders, self.given) = (limits, folders, given)
        self.endsWithNamespace = endsWithNamespace
    }

    /// Seconds from one count of processes to the next, and of files.
    private static let (processInterval, fileInterval) = (0.05, 0.2)
    /// Counting the files may take this part of the time.
    private static let share = 20.0

    mutating func wait(timeLimit: Double) -> Containment.Ending {
        let started = Self.now
        var (nextProcessCount, nextFileCount) = (started + Self.processInterval, started + Self.fileInterval)
        var ending: Containment.Ending?
        while ending == nil {
            var waiting = [log, reports].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            let next = min(nextProcessCount, started + timeLimit)
            poll(&waiting, 2, Int32(max(0, (next - Self.now) * 1000)) + 1)
            if waiting[0].revents != 0 { passOn() }
            let now = Self.now
            if waiting[1].revents != 0 {
                ending = report()
            } else if now - started >= timeLimit {
                ending = .ended(.outOfTime)
            } else if now >= nextProcessCount {
                ending = excessOfProcesses().map { .exceeded($0) }
                nextProcessCount = Self.now + Self.processInterval
            }
            if ending == nil, now >= nextFileCount {
                ending = excessOfFiles().map { .exceeded($0) }
                nextFileCount = Self.now + max(Self.fileInterval, (Self.now - now) * Self.share)
            }
        }
        end()
        // What it did since the last count.
        if case .ended(.exited(status: 0)) = ending, let excess = excessOfFiles() { return .exceeded(excess) }
        return ending ?? .ended(.outOfTime)
    }

    private static var now: Double { Double(DispatchTime.now().uptimeNanoseconds) / 1e9 }

    /// The first report; without one, somebody ended the process above the command.
    private func report() -> Containment.Ending {
        var report = Report()
        let size = MemoryLayout<Report>.size
        guard read(reports, &report, size) == size else { return .exceeded("the process above it was ended") }
        let reason = String(cString: strerror(report.value))
        switch UInt32(report.event) {
        case CONTAINMENT_ENDED.rawValue: return .ended(Program.Ending(waitStatus: report.value))
        case CONTAINMENT_NOT_STARTED.rawValue: return .notStarted(reason: reason)
        default:
            let step = withUnsafeBytes(of: report.step) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            return .refused(step: step, reason: reason)
        }
    }

    private func excessOfFiles() -> String? {
        FolderUse(of: folders, besides: given, within: limits).excess(over: limits, besides: given)
    }

    /// Where the machine has so many new threads that they may be the command's, it stands still while its processes are counted:
    /// they would grow faster than that.
    private func excessOfProcesses() -> String? {
        let mayBeMany = ProcessUse.threadsOfTheMachine - threadsBefore > limits.processes
        if mayBeMany { signalGroups(SIGSTOP) }
        let excess = countedExcess()
        if mayBeMany, excess == nil { signalGroups(SIGCONT) }
        return excess
    }

    /// To the groups of processes that the command leads.
    private func signalGroups(_ signal: Int32) {
        for child in ProcessUse.children(of: process) { kill(-child, signal) }
    }

    private func countedExcess() -> String? {
        let use = ProcessUse(below: process)
        if use.processes > limits.processes { return "more than \(limits.processes) processes" }
        guard use.residentMemory > limits.memory, use.proportionalMemory > limits.memory else { return nil }
        return "more than \(limits.memory) bytes of memory together"
    }

    /// Passes what was printed on to the log, as far as it may grow.
    private mutating func passOn() {
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        let count = read(log, &bytes, bytes.count)
        guard count > 0 else { return }
        let kept = min(count, max(0, limits.log - logged))
        if kept > 0 { FileHandle.standardError.write(Data(bytes[..<kept])) }
        if logged <= limits.log, logged + count > limits.log {
            FileHandle.standardError.write(Data("\nexec: the rest of what the command prints is dropped\n".utf8))
        }
        logged += count
    }

    /// Ends all that is left, and waits until it has ended.
    private mutating func end() {
        close(lifeline)
        if endsWithNamespace { kill(process, SIGKILL) }
        waitForEnd(of: process)
        // What was printed lies in the pipe; a process that got away may keep it open, so that its end is not waited for.
        _ = fcntl(log, F_SETFL, O_NONBLOCK)
        var waiting = pollfd(fd: log, events: Int16(POLLIN), revents: 0)
        while poll(&waiting, 1, 0) > 0, waiting.revents & Int16(POLLIN) != 0 { passOn() }
        close(log)
        close(reports)
    }

    func closeAll() { for end in [log, reports, lifeline] { close(end) } }
}
