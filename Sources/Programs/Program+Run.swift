import Dispatch
import Foundation
import Synchronization

extension Program {
    /// Runs the program and waits for its end. It reads nothing; it and what it started in its process group do not survive
    /// this call, nor this process.
    ///
    /// - Parameter timeLimit: seconds, after which all of them are killed; `nil` sets no limit.
    package func run(
        output: Output = .nowhere, errors: Output = .nowhere, timeLimit: Double? = nil
    ) throws(ProgramError) -> Ending {
        let group = try ProcessGroup()
        defer { group.end() }
        let child = try spawn(input: nil, output: output, errors: errors, group: group.id)
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
func waitForEnd(of process: pid_t) -> Int32 {
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0, errno == EINTR {}
    return status
}
