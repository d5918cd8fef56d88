import Foundation
import Kinds
import Programs

extension Exec: RunnableStage {
    package static let artifact: [Output] = [.declared]

    /// Where programs are, unless the declared environment names other places.
    static let path = "/usr/local/bin:/usr/bin:/bin"

    package func run(in context: StageContext) throws {
        try check()
        let directory = try FreshDirectory(
            at: context.outputs.deletingLastPathComponent().appending(path: "exec", directoryHint: .isDirectory),
            inputs: context.inputs)
        defer { directory.remove() }
        let command = try containment(in: directory, context)
        try check(run(command, context), command)
        let outputs = try DeclaredOutputs(outputs, in: directory.openWork)
        if !outputs.undeclared.isEmpty {
            context.log("exec: not declared, so not kept: " + DeclaredOutputs.list(outputs.undeclared.map { "outputs/\($0)" }))
        }
        try outputs.copy(to: emptyFolder(at: context.outputs))
    }

    private func check() throws(StageFailure) {
        try DeclaredOutputs.check(outputs)
        guard timeLimit > 0, timeLimit.isFinite else { throw StageFailure("the time limit must be more than 0 s") }
        guard memory >= 0 else { throw StageFailure("the memory limit must not be negative") }
        for name in environment.keys.sorted() where name.isEmpty || name.contains("=") {
            throw StageFailure("'\(name)' cannot be the name of an environment variable")
        }
        let texts = command + environment.flatMap { [$0.key, $0.value] }
        if texts.contains(where: { $0.utf8.contains(0) }) { throw StageFailure("a command cannot hold a zero byte") }
    }

    /// The command as it runs: with all of its environment, and nothing of anyone else's.
    private func containment(in directory: FreshDirectory, _ context: StageContext) throws -> Containment {
        var variables = [
            "PATH": Self.path, "HOME": directory.home.path, "TMPDIR": directory.temporary.path, "LC_ALL": "C", "TZ": "UTC",
        ]
        variables.merge(environment) { _, declared in declared }
        guard let name = command.first else { throw StageFailure("the command is empty") }
        let path = variables["PATH"] ?? ""
        let program: String
        do {
            program = try Program.find(name, along: path, from: directory.work)
        } catch {
            throw StageFailure("the command cannot be run: \(error)")
        }
        var limits = context.commandLimits
        if memory > 0 { limits.memory = min(limits.memory, memory) }
        return Containment(
            program: program, arguments: Array(command.dropFirst()), environment: variables, directory: directory,
            shown: ShownPaths(
                for: directory, path: path, program: program, isOwn: context.isolation == .best, memory: limits.memory),
            timeLimit: timeLimit, addressSpace: memory, limits: limits)
    }

    private func run(_ command: Containment, _ context: StageContext) throws -> Containment.Ending {
        let ending = try command.run(in: .namespaces)
        guard case .refused(let step, let reason) = ending else {
            context.log("exec: no network (network namespace)")
            return ending
        }
        guard context.isolation == .best else {
            throw StageFailure(
                "the command must run apart from this machine (--isolation required), which this machine does not allow: "
                    + "\(step): \(reason). Allow user namespaces (sysctl -w user.max_user_namespaces=10000; in a container, "
                    + "--security-opt seccomp=unconfined), or, if you trust the command, give --isolation best")
        }
        context.log("exec: the kernel allows no network namespace; the command can reach the network")
        context.log(
            "exec: no inner root (\(step): \(reason)); "
                + (Containment.hasFileRules
                    ? "the kernel's rules for files (Landlock) keep the command to its folder and the system's programs"
                    : "the command can read and change the files of this user"))
        return try command.run(in: .machine)
    }

    private func check(_ ending: Containment.Ending, _ command: Containment) throws(StageFailure) {
        switch ending {
        case .ended(.exited(status: 0)):
            return
        case .ended(.exited(let status)):
            throw StageFailure("the command exited with status \(status)")
        case .ended(.ended(let signal)):
            throw StageFailure("the command was ended by signal \(signal) (\(String(cString: strsignal(signal))))")
        case .ended(.outOfTime):
            let seconds = timeLimit == timeLimit.rounded() ? String(format: "%.0f", timeLimit) : "\(timeLimit)"
            throw StageFailure("the command ran longer than its time limit of \(seconds) s")
        case .exceeded(let limit):
            throw StageFailure("the command was ended: \(limit)")
        case .notStarted(let reason):
            throw StageFailure(
                "the command cannot be run: \(command.program) cannot be started: \(reason); a command sees the system's programs "
                    + "and those of its PATH alone")
        case .refused(let step, let reason):
            throw StageFailure("the command cannot be run: \(step): \(reason)")
        }
    }

    /// The stage's own output folder, made anew: a command without an inner root could have put something there.
    private func emptyFolder(at outputs: URL) throws -> OpenFolder {
        OpenFolder.removeAll(at: outputs.path)
        try FileManager.default.createDirectory(at: outputs, withIntermediateDirectories: false)
        return try OpenFolder(at: outputs.path)
    }
}
