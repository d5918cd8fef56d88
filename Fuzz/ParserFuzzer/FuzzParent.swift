import Foundation
import Fuzzing

/// Watches the processes that give inputs to one target.
struct FuzzParent {
    private let target: FuzzTarget
    private let arguments: FuzzArguments

    /// Seconds of the processor for one input, and bytes.
    private static let mostSeconds = 2.0
    private static let mostMemory = 512 << 20
    /// Seconds after which a process that sleeps over an input is a finding, too.
    private static let longestSleep = 20.0
    private static let mostFindings = 20

    struct Report {
        var name: String
        var seeds: Int
        var inputs = 0
        var seconds = 0.0
        /// Milliseconds.
        var slowest = 0.0
        /// Bytes.
        var memory = 0
        var findings = 0

        var text: String {
            let rate = seconds > 0 ? Int(Double(inputs) / seconds) : 0
            return "\(name): \(seeds) seeds, \(inputs) inputs in \(Int(seconds)) s (\(rate)/s), slowest \(Int(slowest)) ms, "
                + "at most \(memory >> 20) MiB, \(findings) findings"
        }
    }

    init(_ target: FuzzTarget, _ arguments: FuzzArguments) {
        self.target = target
        self.arguments = arguments
    }

    func run() -> Report {
        var report = Report(name: target.name, seeds: target.seeds.count)
        let start = Date()
        var next = 0
        while Date().timeIntervalSince(start) < arguments.seconds, report.findings < Self.mostFindings {
            let shared = URL.temporaryDirectory.appending(path: "decant-fuzz-\(UUID().uuidString)").path
            defer {
                unlink(shared)
                try? FileManager.default.removeItem(atPath: shared + ".folder")
            }
            guard let board = FuzzBoard(shared), let child = begin(shared, from: next) else { break }
            let problem = watch(child, board, until: start.addingTimeInterval(arguments.seconds), &report)
            report.inputs += board.ended
            report.slowest = max(report.slowest, Double(board.slowest) / 1000)
            if let problem { keep(board.number, problem, &report) }
            next = board.number + 1
        }
        report.seconds = Date().timeIntervalSince(start)
        return report
    }

    private func begin(_ shared: String, from first: Int) -> Process? {
        let child = Process()
        child.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        child.arguments = ["--child", shared, "--target", target.name, "--seed", "\(arguments.seed)", "--first", "\(first)"]
        child.environment = ProcessInfo.processInfo.environment.merging(
            ["SWIFT_DETERMINISTIC_HASHING": "1", "SWIFT_BACKTRACE": "enable=no"]) { $1 }
        child.standardError = FileHandle.nullDevice
        return (try? child.run()) == nil ? nil : child
    }

    /// - Returns: what is wrong with the input that was running at the end.
    private func watch(_ child: Process, _ board: FuzzBoard, until end: Date, _ report: inout Report) -> String? {
        let process = child.processIdentifier
        var (number, since, awake) = (-1, Date(), Date())
        while child.isRunning {
            Thread.sleep(forTimeInterval: 0.02)
            if board.number != number || !board.isBusy { (number, since, awake) = (board.number, Date(), Date()) }
            // On a busy machine it waits for the processor, and is no finding.
            if Self.isRunnable(process) { awake = Date() }
            report.memory = max(report.memory, Self.memory(of: process))
            var problem: String?
            if report.memory > Self.mostMemory { problem = "memory" }
            if board.isBusy, Date().timeIntervalSince(since) > Self.mostSeconds {
                let computed = Self.processorSeconds(of: process) - Double(board.begun) / 1e6
                if computed > Self.mostSeconds || Date().timeIntervalSince(awake) > Self.longestSleep { problem = "time" }
            }
            let isOver = Date() > end
            if problem != nil || isOver {
                kill(process, SIGKILL)
                child.waitUntilExit()
                return problem
            }
        }
        return child.terminationReason == .uncaughtSignal ? "signal-\(child.terminationStatus)" : nil
    }

    private func keep(_ number: Int, _ problem: String, _ report: inout Report) {
        report.findings += 1
        if problem == "memory" { report.memory = 0 }
        let folder = URL(fileURLWithPath: arguments.findings, isDirectory: true)
        let file = folder.appending(path: "\(target.name)-\(arguments.seed)-\(number)-\(problem)")
        try? FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try? Data(target.input(number, seed: arguments.seed)).write(to: file)
        say(
            "\(target.name): a finding (\(problem)); to repeat it: ParserFuzzer --target \(target.name) --repeat \(file.path)")
    }

    /// The most bytes that a process had.
    private static func memory(of process: pid_t) -> Int {
        let text = (try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)) ?? ""
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") }) else { return 0 }
        return (Int(line.filter(\.isNumber)) ?? 0) << 10
    }

    private static func isRunnable(_ process: pid_t) -> Bool { fields(of: process).first == "R" }

    /// What the kernel says of a process, from its state on.
    private static func fields(of process: pid_t) -> [Substring] {
        let text = (try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)) ?? ""
        return text.split(separator: ")").last?.split(separator: " ") ?? []
    }

    private static func processorSeconds(of process: pid_t) -> Double {
        let fields = fields(of: process)
        guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else { return 0 }
        return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }
}
