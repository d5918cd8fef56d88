import ArgumentParser
import CanonicalJSON
import Executor
import Foundation
import Store

/// Where the store is.
struct StoreOptions: ParsableArguments {
    @Option(help: "The store's directory (else DECANT_CACHE, else ./cache).")
    var cache: String?

    var directory: URL {
        let path = cache ?? ProcessInfo.processInfo.environment["DECANT_CACHE"] ?? "cache"
        return URL(fileURLWithPath: path, isDirectory: true).standardizedFileURL
    }

    /// Opens the store of a command that writes; makes it where there is none.
    func open() throws -> Store {
        let store = try Store(at: directory)
        if let program = try? store.signingSettings().foreignProgram {
            Console.progress(
                "warning: git's gpg.ssh.program in \(directory.path) names \(program), which does not run: others may have set "
                    + "it. If you want it: git config --global gpg.ssh.program \(ShellWord(program))")
        }
        return store
    }

    /// Opens the store of a command that only reads.
    func openExisting() throws -> Store {
        try requireStore()
        return try open()
    }

    func requireStore() throws {
        guard !Store.isThere(at: directory) else { return }
        throw CommandFailure.badInput(
            "there is no store in \(directory.path): build a recipe first, or name the store's folder with --cache")
    }

    /// Runs a body on the store or, where there is none, on an empty one that is gone afterwards.
    func reading<Value>(_ body: (Store) throws -> Value) throws -> Value {
        guard !Store.isThere(at: directory) else { return try body(try open()) }
        let empty = FileManager.default.temporaryDirectory.appending(path: "decant-empty-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: empty) }
        return try body(try Store(at: empty))
    }
}

struct OutputOptions: ParsableArguments {
    @Flag(name: .customLong("json"), help: "Print JSON, for programs.")
    var asJSON = false

    /// Prints a result as it is asked for.
    func print(_ json: @autoclosure () throws -> JSON, _ text: @autoclosure () throws -> String) rethrows {
        if asJSON { Console.output(json: try json()) } else { Console.output(try text()) }
    }
}

/// The options of commands that print something from a store.
struct ResultOptions: ParsableArguments {
    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions

    var asJSON: Bool { output.asJSON }

    func open() throws -> Store { try store.open() }
    func openExisting() throws -> Store { try store.openExisting() }

    func print(_ json: @autoclosure () throws -> JSON, _ text: @autoclosure () throws -> String) rethrows {
        try output.print(json(), text())
    }
}

/// The recipe that a command is about.
struct RecipeArgument: ParsableArguments {
    @Argument(help: ArgumentHelp("The recipe.", valueName: "recipe"))
    var path: String

    func read() throws -> RecipeFile { try RecipeFile(path: path) }
}

/// How a build shares the machine; results depend on none of it.
struct ResourceOptions: ParsableArguments {
    @Option(name: .shortAndLong, help: "Stages that run side by side (else as many as there are processors).")
    var jobs: Int?

    @Option(help: "Threads per stage (else the processors, shared by the stages that run).")
    var threads: Int?

    @Option(help: "Memory for all running stages together, as in 6GiB (else nine tenths of the machine's).")
    var memory: ByteCount?

    func validate() throws {
        if let jobs, jobs < 1 { throw ValidationError("--jobs must be at least 1") }
        if let threads, threads < 1 { throw ValidationError("--threads must be at least 1") }
        let most = 1024
        if let jobs, jobs > most { throw ValidationError("--jobs must be at most \(most)") }
        if let threads, threads > most { throw ValidationError("--threads must be at most \(most)") }
    }

    var resources: Resources { Resources(jobs: jobs, threads: threads, memory: memory?.bytes) }
}

extension ByteCount: ExpressibleByArgument {
    init?(argument: String) { self.init(argument) }
}
