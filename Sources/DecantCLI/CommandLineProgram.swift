import ArgumentParser
import Engine
import Files
import Foundation
import Programs
import Stages
import Store

/// The whole program: arguments in, exit status out.
package enum CommandLineProgram {
    package static let version = "0.1.0"

    /// Watches over this process; a failure where the system gives it no thread.
    static let watch = Result {
        try ProcessWatch { shortage in
            Console.error("\(shortage)")
            _exit(ExitStatus.internalError)
        }
    }

    /// Runs the command that the arguments name. A result that could not be printed is an error, whatever the command did.
    package static func run(arguments: [String]) async -> Int32 {
        if let fault = Surroundings.fault() {
            Console.error(fault)
            return ExitStatus.badInput
        }
        let status = await runCommand(arguments)
        guard let reason = Console.endOutput() else { return status }
        Console.error("what was printed did not all arrive: standard output: \(reason)")
        return status == ExitStatus.done ? ExitStatus.internalError : status
    }

    private static func runCommand(_ arguments: [String]) async -> Int32 {
        guard Processor.supportsPortableNumerics else {
            Console.error("this processor lacks AVX2 or FMA, which Decant's numerics need")
            return ExitStatus.internalError
        }
        // Keys of servers stand in the environment, which the kernel shows to every program of the same user.
        Containment.hideThisProcess()
        // A file that may not grow (`ulimit -f`) is told by the write that fails, not by an end without a word.
        signal(SIGXFSZ, SIG_IGN)
        let command: any ParsableCommand
        do {
            command = try DecantCommand.parseAsRoot(arguments)
        } catch {
            return report(parseError: error)
        }
        return await Console.$repeatedOptions.withValue(Console.repeated(of: arguments)) { await run(command) }
    }

    private static func run(_ parsed: any ParsableCommand) async -> Int32 {
        var command = parsed
        do {
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
            return ExitStatus.done
        } catch let failure as CommandFailure {
            if let message = failure.message { Console.error(message) }
            if let hint = failure.hint { Console.hint(hint) }
            return failure.status
        } catch let error where DecantCommand.exitCode(for: error) == .success {
            Console.output(DecantCommand.fullMessage(for: error))
            return ExitStatus.done
        } catch {
            Console.error(ErrorText.of(error))
            if (error as? StoreError)?.unusableObject != nil { Console.hint("fsck --repair") }
            return ExitStatus.internalError
        }
    }

    /// Threads that libdispatch makes for any command.
    private static let ordinaryThreads = 4

    /// Sees to what Swift's libraries need, before a thread is made and before the arguments are read.
    ///
    /// - Returns: the status to end with, where something is missing.
    package static func prepareProcess() -> Int32? {
        Console.holdStreams()
        do {
            try ProcessFiles.require()
            try AddressSpace.require()
            CrashReport.hide()
            _ = try watch.get()
            try PlainThread.expect(ordinaryThreads)
            return nil
        } catch {
            Console.error("\(error)")
            return ExitStatus.internalError
        }
    }

    private static func report(parseError error: any Error) -> Int32 {
        let text = DecantCommand.fullMessage(for: error)
        if DecantCommand.exitCode(for: error) == .success {
            Console.output(text)
            return ExitStatus.done
        }
        Console.progress(text)
        return ExitStatus.badInput
    }
}

/// What the exit status of every command means.
enum ExitStatus {
    static let done: Int32 = 0
    /// A stage failed, or a check found damage.
    static let stageFailed: Int32 = 1
    /// The recipe or the command line is wrong.
    static let badInput: Int32 = 2
    /// An error of Decant's own, or of the machine under it.
    static let internalError: Int32 = 3

    /// A signal asked the program to stop: 128 and its number, as shells have it.
    static func interrupted(by signal: Int32) -> Int32 { 128 + signal }
}

/// Ends a command with a status and what to tell the person.
struct CommandFailure: Error {
    var status: Int32
    /// `nil` where everything has been said.
    var message: String?
    /// The exact next command.
    var hint: String?

    static func badInput(_ message: String, hint: String? = nil) -> CommandFailure {
        CommandFailure(status: ExitStatus.badInput, message: message, hint: hint)
    }

    /// A file that a person names cannot be read.
    ///
    /// - Parameter missing: what to say where there is none.
    static func unreadable(_ path: String, _ problem: FileProblem, missing: String? = nil) -> CommandFailure {
        badInput(problem.kind == .missing ? missing ?? "there is no file at \(path)" : problem.description)
    }
}

struct DecantCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "decant",
        abstract: "Compiles recipes for super-tiny language models into stages, and runs only what changed.",
        version: CommandLineProgram.version,
        subcommands: [StageCommand.self],
        groupedSubcommands: [
            CommandGroup(
                name: "Recipes",
                subcommands: [
                    InitCommand.self, CheckCommand.self, LockCommand.self, PlanCommand.self, ExplainCommand.self,
                    BuildCommand.self,
                    GraphCommand.self, SchemaCommand.self,
                ]),
            CommandGroup(
                name: "Results",
                subcommands: [
                    ShowCommand.self, PeekCommand.self, RunCommand.self, ServeCommand.self, ExportCommand.self, LogCommand.self,
                ]),
            CommandGroup(
                name: "Lineage",
                subcommands: [
                    LineageCommand.self, VerifyCommand.self, WitnessesCommand.self, DiffCommand.self, TagCommand.self,
                ]),
            CommandGroup(
                name: "Sharing",
                subcommands: [PushCommand.self, PullCommand.self, CloneCommand.self, TrustCommand.self]),
            CommandGroup(
                name: "Store", subcommands: [StatusCommand.self, ImportCommand.self, FsckCommand.self, CollectCommand.self]),
            CommandGroup(name: "Machine", subcommands: [InstallCommand.self, BenchCommand.self]),
        ])
}
