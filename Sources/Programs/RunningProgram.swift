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

extension Program {
    /// Starts the program: no descriptor but the three standard ones, no blocked or ignored signal.
    ///
    /// - Parameters:
    ///   - input: what it reads; nothing where `nil`.
    ///   - group: the process group it joins; 0 makes a new one.
    /// - Returns: its process id.
    func spawn(input: Int32?, output: Output, errors: Output, group: pid_t) throws(ProgramError) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        if let input {
            posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO)
        } else {
            posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        }
        Self.direct(STDOUT_FILENO, to: output, &actions)
        Self.direct(STDERR_FILENO, to: errors, &actions)
        posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1)
        posix_spawn_file_actions_addchdir_np(&actions, directory.path)

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        var all = sigset_t()
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setpgroup(&attributes, group)
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP))

        let argv = CStrings([executable] + arguments)
        let envp = CStrings(environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" })
        var process: pid_t = 0
        let failure = posix_spawn(&process, executable, &actions, &attributes, argv.pointers, envp.pointers)
        guard failure == 0 else {
            throw .cannotStart(name: executable, reason: String(cString: strerror(failure)))
        }
        return process
    }

    private static func direct(_ descriptor: Int32, to output: Output, _ actions: inout posix_spawn_file_actions_t) {
        switch output {
        case .nowhere:
            posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_WRONLY, 0)
        case .log where descriptor == STDERR_FILENO:
            break
        case .log:
            posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, descriptor)
        case .descriptor(let open):
            posix_spawn_file_actions_adddup2(&actions, open, descriptor)
        case .file(let file):
            posix_spawn_file_actions_addopen(&actions, descriptor, file.path, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        }
    }
}

/// Strings as C takes them: a list of pointers that ends in a null one.
package final class CStrings {
    package private(set) var pointers: [UnsafeMutablePointer<CChar>?]

    package convenience init(_ strings: [String]) { self.init(words: strings.map(\.utf8)) }

    /// - Parameter words: bytes without a zero, whatever their encoding.
    init(words: [some Sequence<UInt8>]) {
        pointers =
            words.map { word in
                (word.map(CChar.init(bitPattern:)) + [0]).withUnsafeBufferPointer { bytes in
                    bytes.baseAddress.flatMap { strdup($0) }
                }
            } + [nil]
    }

    deinit { for pointer in pointers { free(pointer) } }
}

/// The two ends of a pipe, which no child inherits.
package struct PipeEnds {
    package let reading: Int32
    package let writing: Int32

    package init() throws(ProgramError) {
        var ends: [Int32] = [-1, -1]
        guard pipe2(&ends, O_CLOEXEC) == 0 else {
            throw .cannotStart(name: "a child", reason: String(cString: strerror(errno)))
        }
        (reading, writing) = (ends[0], ends[1])
    }
}
