import ArgumentParser
import Kinds
import Stages

/// How the commands of recipes are kept apart, and what they may take. No result depends on it.
struct CommandOptions: ParsableArguments {
    @Option(
        help: "Whether a command of a recipe runs where it cannot be kept apart from the machine: best (it does) or required.")
    var isolation: Isolation?

    @Option(help: "Files that a command may make.")
    var commandFiles: Int?

    @Option(help: "Size of all files that a command makes, as in 6GiB.")
    var commandBytes: ByteCount?

    @Option(help: "Processes that a command may have.")
    var commandProcesses: Int?

    @Option(help: "Memory of all processes of a command together, as in 6GiB.")
    var commandMemory: ByteCount?

    func validate() throws {
        for (name, value) in [("files", commandFiles), ("processes", commandProcesses)] {
            if let value, value < 1 { throw ValidationError("--command-\(name) must be at least 1") }
        }
    }

    var limits: CommandLimits {
        var limits = CommandLimits()
        if let commandFiles { limits.files = commandFiles }
        if let commandBytes { limits.bytes = commandBytes.bytes }
        if let commandProcesses { limits.processes = commandProcesses }
        if let commandMemory { limits.memory = commandMemory.bytes }
        return limits
    }

    /// The same options for a stage's command line.
    var arguments: [String] {
        let values = [
            ("isolation", isolation?.rawValue), ("command-files", commandFiles.map(String.init)),
            ("command-bytes", commandBytes.map { String($0.bytes) }), ("command-processes", commandProcesses.map(String.init)),
            ("command-memory", commandMemory.map { String($0.bytes) }),
        ]
        return values.flatMap { name, value in value.map { ["--\(name)", $0] } ?? [] }
    }
}

extension Isolation: ExpressibleByArgument {}
