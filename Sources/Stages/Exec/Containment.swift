import CContainment
import Foundation
import Programs

/// A command that runs apart from the machine, and is ended with all that it started when it passes a limit.
package struct Containment {
    var program: String
    var arguments: [String]
    var environment: [String: String]
    let directory: FreshDirectory
    let shown: ShownPaths
    /// Seconds.
    let timeLimit: Double
    /// Bytes of address space of each process; 0 sets no limit.
    let addressSpace: Int
    let limits: CommandLimits

    /// How a command ended.
    enum Ending: Equatable {
        case ended(Program.Ending)
        /// The limit that it passed.
        case exceeded(String)
        case notStarted(reason: String)
        /// It did not run, because the machine allows no such place.
        case refused(step: String, reason: String)
    }

    /// What keeps a command apart.
    enum Place {
        /// Namespaces and an inner root.
        case namespaces
        /// This machine's own root and network; the kernel's rules for files (Landlock) where there are any.
        case machine
    }

    /// Whether the kernel has rules for files that need no namespace.
    static var hasFileRules: Bool { containment_landlock_version() > 0 }

    /// Keeps other programs of the same user from reading this process's memory and environment.
    package static func hideThisProcess() { _ = containment_hide_this_process() }

    /// Runs the command. Nothing that it started is left when this returns.
    func run(in place: Place) throws -> Ending {
        let (log, reports, lifeline) = (try PipeEnds(), try PipeEnds(), try PipeEnds())
        let given = FolderUse(of: directory.writable)
        let process = start(in: place, log: log.writing, reports: reports.writing, lifeline: lifeline.reading)
        let reason = errno
        for end in [log.writing, reports.writing, lifeline.reading] { close(end) }
        var supervision = Supervision(
            process: process, log: log.reading, reports: reports.reading, lifeline: lifeline.writing, limits: limits,
            folders: directory.writable, given: given, endsWithNamespace: place == .namespaces)
        guard process > 0 else {
            supervision.closeAll()
            return .refused(step: "make namespaces", reason: String(cString: strerror(reason)))
        }
        return supervision.wait(timeLimit: timeLimit)
    }

    private func start(in place: Place, log: Int32, reports: Int32, lifeline: Int32) -> pid_t {
        let argv = CStrings([program] + arguments)
        let envp = CStrings(environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" })
        let texts = CStrings(
            shown.paths.flatMap { [$0.source, $0.target] } + [program, directory.work.path, directory.mountPoint.path])
        let count = shown.paths.count
        let paths = shown.paths.enumerated().map { index, path in
            containment_path(
                kind: path.kind, source: texts.pointers[2 * index], target: texts.pointers[2 * index + 1],
                is_optional: path.isOptional ? 1 : 0)
        }
        return withExtendedLifetime((argv, envp, texts)) {
            argv.pointers.withUnsafeBufferPointer { argv in
                envp.pointers.withUnsafeBufferPointer { envp in
                    paths.withUnsafeBufferPointer { paths in
                        var request = containment(
                            program: texts.pointers[2 * count], arguments: argv.baseAddress, environment: envp.baseAddress,
                            directory: texts.pointers[2 * count + 1], output: log, report: reports, lifeline: lifeline,
                            has_namespaces: place == .namespaces ? 1 : 0, root: texts.pointers[2 * count + 2],
                            paths: paths.baseAddress, path_count: count, address_space: UInt64(addressSpace),
                            file_size: UInt64(limits.bytes), processes: UInt64(limits.processes))
                        return containment_start(&request)
                    }
                }
            }
        }
    }
}
