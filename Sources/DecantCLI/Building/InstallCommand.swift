import ArgumentParser
import Records

/// What single recipes need on a machine, beside the program.
struct InstallCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "install",
        abstract: "Install what only some recipes need, once per machine: 'parquet' reads Parquet and Arrow files.")

    enum Part: String, CaseIterable, ExpressibleByArgument {
        case parquet
    }

    @Argument(help: "What to install.")
    var part: Part

    func run() throws {
        let library = ColumnLibrary()
        do {
            try library.install()
        } catch let error as ColumnLibrary.InstallationError {
            throw CommandFailure(status: ExitStatus.internalError, message: "\(error)")
        }
        Console.output("\(library.folder.path) reads Parquet and Arrow files")
    }
}
