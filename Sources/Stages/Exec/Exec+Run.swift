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
        let line = try limited(commandLine(in: directory))
        var ending: Program.Ending
        if let prefix = NetworkNamespace.prefix {
            context.log("exec: no network (network namespace)")
            ending = try NetworkNamespace.ending(run(prefix + line, in: directory))
        } else {
            guard !context.needsIsolation else {
                throw StageFailure(
                    "the command came from elsewhere, and runs only without a network; the kernel here allows no namespaces "
                        + "of users, which that needs")
            }
            context.log("exec: the kernel allows no network namespace; the command can reach the network")
            ending = try run(line, in: directory)
        }
        try check(ending)
        let outputs = try DeclaredOutputs(outputs, in: directory.outputs)
        if !outputs.undeclared.isEmpty {
            context.log("exec: not declared, so not kept: " + DeclaredOutputs.list(outputs.undeclared.map { "outputs/\($0)" }))
        }
        try outputs.copy(to: context.outputs)
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
    private func commandLine(in directory: FreshDirectory) throws -> [String] {
        var variables = [
            "PATH": Self.path, "HOME": directory.home.path, "TMPDIR": directory.temporary.path, "LC_ALL": "C", "TZ": "UTC",
        ]
        variables.merge(environment) { _, declared in declared }
        guard let name = command.first else { throw StageFailure("the command is empty") }
        let program = try find(name, along: variables["PATH"] ?? "", from: directory)
        guard !program.contains("=") else { throw StageFailure("the path of the program \(program) must not contain '='") }
        let settings = variables.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        return [try find("env", along: Self.path, from: directory), "-i"] + settings + [program] + command.dropFirst()
    }

    private func limited(_ line: [String]) throws -> [String] {
        guard memory > 0 else { return line }
        let root = URL(fileURLWithPath: "/")
        do {
            return [try Program.find("prlimit", along: Self.path, from: root), "--as=\(memory)", "--"] + line
        } catch {
            throw StageFailure("a memory limit needs prlimit, of util-linux: \(error)")
        }
    }

    private func find(_ name: String, along path: String, from directory: FreshDirectory) throws(StageFailure) -> String {
        do {
            return try Program.find(name, along: path, from: directory.work)
        } catch {
            throw StageFailure("the command cannot be run: \(error)")
        }
    }

    private func run(_ line: [String], in directory: FreshDirectory) throws(StageFailure) -> Program.Ending {
        let program = Program(line[0], Array(line.dropFirst()), environment: ["PATH": Self.path], directory: directory.work)
        do {
            return try program.run(output: .log, errors: .log, timeLimit: timeLimit)
        } catch {
            throw StageFailure("the command cannot be run: \(error)")
        }
    }

    private func check(_ ending: Program.Ending) throws(StageFailure) {
        switch ending {
        case .exited(status: 0):
            return
        case .exited(let status):
            throw StageFailure("the command exited with status \(status)")
        case .ended(let signal):
            throw StageFailure("the command was ended by signal \(signal) (\(String(cString: strsignal(signal))))")
        case .outOfTime:
            let seconds = timeLimit == timeLimit.rounded() ? String(format: "%.0f", timeLimit) : "\(timeLimit)"
            throw StageFailure("the command ran longer than its time limit of \(seconds) s")
        }
    }
}
