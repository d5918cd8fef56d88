import Foundation

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
