import CSpawn
import Foundation
import Synchronization

/// A child that runs beside this process, in a process group of its own.
///
/// Its standard input is a pipe to which nothing is written and which closes when this process ends, however it ends: a child
/// that reads it can end then, too.
package final class RunningProgram: Sendable {
    package let id: pid_t
    /// The reading end of the child's standard output.
    package let output: FileHandle
    private let lifeline: Int32
    private let hasEnded = Mutex(false)

    /// How it ended, and the most memory that it had.
    package struct Report: Hashable, Sendable {
        package var ending: Program.Ending
        /// Bytes.
        package var peakMemory: Int
    }

    fileprivate init(id: pid_t, output: Int32, lifeline: Int32) {
        self.id = id
        self.output = FileHandle(fileDescriptor: output, closeOnDealloc: true)
        self.lifeline = lifeline
    }

    /// Sends a signal to the child, if it is still there.
    package func signal(_ number: Int32) {
        hasEnded.withLock { hasEnded in
            if !hasEnded { kill(id, number) }
        }
    }

    /// Waits for the child's end. To be called once.
    package func waitForEnd() -> Report {
        var information = siginfo_t()
        while waitid(P_PID, id_t(id), &information, WEXITED | WNOWAIT) != 0, errno == EINTR {}
        // From here on the id may become another process's.
        return hasEnded.withLock { hasEnded in
            hasEnded = true
            var status: Int32 = 0
            var usage = rusage()
            while wait4(id, &status, 0, &usage) < 0, errno == EINTR {}
            close(lifeline)
            return Report(ending: Program.Ending(waitStatus: status), peakMemory: usage.ru_maxrss * 1024)
        }
    }
}

extension Program {
    /// Starts the program and returns at once.
    package func start(errors: Output) throws(ProgramError) -> RunningProgram {
        let output = try PipeEnds()
        defer { close(output.writing) }
        do throws(ProgramError) {
            let input = try PipeEnds()
            defer { close(input.reading) }
            do throws(ProgramError) {
                let id = try spawn(input: input.reading, output: .descriptor(output.writing), errors: errors, group: 0)
                return RunningProgram(id: id, output: output.reading, lifeline: input.writing)
            } catch {
                close(input.writing)
                throw error
            }
        } catch {
            close(output.reading)
            throw error
        }
    }
}
