import ArgumentParser
import BuildModel
import CanonicalJSON
import Executor
import Foundation
import Stages

/// What a runner starts for each stage.
struct StageCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stage", abstract: "Run one prepared stage.", shouldDisplay: false, subcommands: [StageRunCommand.self])
}

struct StageRunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Run the stage that a directory holds: action.json and inputs/ in, outputs/ out.")

    @Argument(help: "The stage's directory.")
    var directory: String

    @Option(help: "Threads to work with; results never depend on it.")
    var threads = ProcessInfo.processInfo.activeProcessorCount

    func run() throws {
        dieWithParent()
        let workspace = StageWorkspace(directory: URL(fileURLWithPath: directory, isDirectory: true))
        guard let content = try? Data(contentsOf: workspace.actionFile), let encoding = try? JSON(parsing: content),
            let action = Action(encoding: encoding)
        else { throw CommandFailure.badInput("\(workspace.actionFile.path) holds no action") }
        let context = StageContext(inputs: workspace.inputs, outputs: workspace.outputs, threads: max(1, threads)) {
            Console.output($0.json.canonicalText)
        }
        do {
            try StageCatalogue.stage(for: action).run(in: context)
        } catch {
            throw CommandFailure(status: ExitStatus.stageFailed, message: "\(error)")
        }
    }

    /// Ends this process when standard input ends: the runner holds its other end, and a runner that is killed lets go.
    private func dieWithParent() {
        Thread.detachNewThread {
            var byte: UInt8 = 0
            while read(STDIN_FILENO, &byte, 1) > 0 {}
            _exit(1)
        }
    }
}
