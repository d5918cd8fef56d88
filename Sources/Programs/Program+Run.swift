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
        let signal = status & 0x7F
        return signal == 0 ? .exited(status: status >> 8 & 0xFF) : .ended(signal: signal)
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
