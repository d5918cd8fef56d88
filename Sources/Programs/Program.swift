import Dispatch
import Foundation
import Synchronization

/// A program to run as a child, with exactly the arguments, the environment and the directory that are given.
package struct Program: Sendable {
    /// An absolute path, or one from `directory`.
    package var executable: String
    package var arguments: [String]
    package var environment: [String: String]
    package var directory: URL

    package init(_ executable: String, _ arguments: [String], environment: [String: String], directory: URL) {
        (self.executable, self.arguments, self.environment, self.directory) = (executable, arguments, environment, directory)
    }

    /// Where a child's output goes.
    package enum Output: Sendable {
        case nowhere
        /// The standard error of this process: the log of a stage.
        case log
        /// A file that is made, or written over.
        case file(URL)
        /// An open descriptor of this process.
        case descriptor(Int32)
    }

    /// How a child ended.
    package enum Ending: Hashable, Sendable {
        case exited(status: Int32)
        case ended(signal: Int32)
        case outOfTime

        /// - Parameter waitStatus: the status word of `wait(2)`.
        package init(waitStatus: Int32) {
            let signal = waitStatus & 0x7F
            self = signal == 0 ? .exited(status: waitStatus >> 8 & 0xFF) : .ended(signal: signal)
        }

        /// The exit status; negative for a signal.
        package var status: Int32 {
            switch self {
            case .exited(let status): status
            case .ended(let signal): -signal
            case .outOfTime: -SIGKILL
            }
        }
    }
}

/// Why a program could not be run.
package enum ProgramError: Error, Hashable, Sendable, CustomStringConvertible {
    /// `path`: where it was looked for, as in `PATH`.
    case notFound(name: String, path: String)
    case notExecutable(path: String)
    case cannotStart(name: String, reason: String)

    package var description: String {
        switch self {
        case .notFound(let name, _) where name.contains("/"):
            "there is no program \(name)"
        case .notFound(let name, let path):
            "there is no program '\(name)' along the PATH \(path)"
        case .notExecutable(let path):
            "\(path) is not executable; name the program that reads it first: [python3, \(path)]"
        case .cannotStart(let name, let reason):
            "\(name) cannot be started: \(reason)"
        }
    }
}

extension Program {
    /// Finds a program as a shell does: along `path`, unless its name has a slash.
    ///
    /// - Parameter directory: what relative names and relative parts of `path` start from.
    /// - Returns: the name itself where it has a slash, else an absolute path.
    package static func find(_ name: String, along path: String, from directory: URL) throws(ProgramError) -> String {
        func location(_ name: String) -> String {
            name.hasPrefix("/") ? name : directory.path + "/" + name
        }
        if name.contains("/") {
            guard isFile(location(name)) else { throw .notFound(name: name, path: path) }
            guard access(location(name), X_OK) == 0 else { throw .notExecutable(path: name) }
            return name
        }
        for folder in path.split(separator: ":") where !name.isEmpty {
            let candidate = location("\(folder)/\(name)")
            if isFile(candidate), access(candidate, X_OK) == 0 { return candidate }
        }
        throw .notFound(name: name, path: path)
    }

    private static func isFile(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }
}

extension Program {
    /// Runs the program and waits for its end. It and what it started in its process group do not survive this call, nor this
    /// process.
    ///
    /// - Parameters:
    ///   - input: a file that it reads; it reads nothing where `nil`.
    ///   - timeLimit: seconds, after which all of them are killed; `nil` sets no limit.
    package func run(
        input: URL? = nil, output: Output = .nowhere, errors: Output = .nowhere, timeLimit: Double? = nil
    ) throws(ProgramError) -> Ending {
        var reading: Int32?
        if let input {
            let descriptor = open(input.path, O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else {
                throw .cannotStart(name: executable, reason: "\(input.path): \(String(cString: strerror(errno)))")
            }
            reading = descriptor
        }
        defer { if let reading { close(reading) } }
        let group = try ProcessGroup()
        defer { group.end() }
        let child = try spawn(input: reading, output: output, errors: errors, group: group.id)
        let alarm = Alarm()
        if let timeLimit { alarm.set(seconds: timeLimit, killing: group.id) }
        let status = waitForEnd(of: child)
        if alarm.isOver() { return .outOfTime }
        return Ending(waitStatus: status)
    }
}

/// Kills a process group at its time, unless what it waits for is over before.
private final class Alarm: Sendable {
    private enum State { case waiting, rung, over }
    private let state = Mutex(State.waiting)

    func set(seconds: Double, killing group: pid_t) {
        // Dispatch cannot count further than its nanoseconds go.
        let delay = DispatchTimeInterval.milliseconds(Int(min(seconds, 1e9) * 1000))
        DispatchQueue.global().asyncAfter(deadline: .now() + delay) { [self] in
            state.withLock { state in
                guard state == .waiting else { return }
                state = .rung
                kill(-group, SIGKILL)
            }
        }
    }

    /// Ends the waiting.
    ///
    /// - Returns: whether it had rung by then.
    func isOver() -> Bool {
        state.withLock { state in
            defer { state = .over }
            return state == .rung
        }
    }
}

/// A process group that ends with this process, however this process ends.
///
/// Its leader reads a pipe of which only this process has the other end. When that end closes, be it that this process was
/// killed, the leader kills the group.
struct ProcessGroup {
    let id: pid_t
    private let lifeline: Int32

    init() throws(ProgramError) {
        let pipe = try PipeEnds()
        defer { close(pipe.reading) }
        let leader = Program(
            "/bin/sh", ["-c", "read -r line; kill -KILL 0"], environment: [:], directory: URL(fileURLWithPath: "/"))
        do {
            id = try leader.spawn(input: pipe.reading, output: .nowhere, errors: .nowhere, group: 0)
            lifeline = pipe.writing
        } catch {
            close(pipe.writing)
            throw error
        }
    }

    /// Kills all that is left of the group.
    func end() {
        kill(-id, SIGKILL)
        close(lifeline)
        waitForEnd(of: id)
    }
}

/// - Returns: the status word of `wait(2)`.
@discardableResult
package func waitForEnd(of process: pid_t) -> Int32 {
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0, errno == EINTR {}
    return status
}
