import ArgumentParser
import BuildModel
import CanonicalJSON
import Engine
import Executor
import Files
import Foundation
import Programs
import Stages

/// What a runner starts for each stage.
struct StageCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stage", abstract: "Run one prepared stage.", shouldDisplay: false,
        subcommands: [StageRunCommand.self, StageServeCommand.self])
}

struct StageRunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Run the stage that a directory holds: action.json and inputs/ in, outputs/ out.")

    @Argument(help: "The stage's directory.")
    var directory: String

    @Option(help: "Threads to work with; results never depend on it.")
    var threads = Machine.current.processors

    @Option(
        help: "Seconds from one checkpoint to the next, at least; more where one costs much. 0 makes one whenever it can be.")
    var checkpointSeconds = 20.0

    @OptionGroup var commandOptions: CommandOptions

    func validate() throws {
        guard checkpointSeconds >= 0, checkpointSeconds <= 1e9 else {
            throw ValidationError("--checkpoint-seconds must be at least 0")
        }
    }

    func run() throws {
        let watch = try CommandLineProgram.watch.get()
        // The runner holds the other end of standard input, and a killed runner closes it.
        watch.whenInputEnds { _exit(1) }
        try PlainThread.expect(max(1, threads) + Self.ordinaryThreads)
        let workspace = StageWorkspace(directory: URL(fileURLWithPath: directory, isDirectory: true))
        let action: Action
        do {
            action = try Action(
                encoding: (try? JSON(parsing: RegularFile.contents(of: workspace.actionFile.path, limit: 64 << 20))) ?? .null)
        } catch {
            throw CommandFailure.badInput("\(workspace.actionFile.path) \(error)")
        }
        let checkpoint = Checkpoint(
            directory: workspace.checkpoint, action: action, interval: .seconds(checkpointSeconds))
        let report = StageReport(in: workspace)
        endOnRequest(checkpoint, report, watch)
        defer {
            watch.stopHearing()
            checkpoint.close()
        }
        do {
            let context = StageContext(
                inputs: workspace.inputs, outputs: workspace.outputs, threads: min(max(1, threads), 1024),
                products: try ProductPrecision(action.numerics), checkpoint: checkpoint,
                questionFiles: QuestionFiles(questions: workspace.questions, answers: workspace.answers),
                isolation: commandOptions.isolation ?? .best, commandLimits: commandOptions.limits,
                server: try ServerProgram.ofThisProgram(action.numerics)
            ) { report.progress($0) }
            try StageCatalogue.standard.stage(for: action).run(in: context)
        } catch let interruption as StageInterruption {
            Console.progress("\(interruption)")
            throw CommandFailure(status: StageExit.interrupted)
        } catch let questions as StageQuestions {
            Console.progress("\(questions)")
            throw CommandFailure(status: StageExit.asks)
        } catch {
            throw CommandFailure(status: ExitStatus.stageFailed, message: ErrorText.of(error))
        }
    }

    /// Threads of a stage beside those it works with: libdispatch's own.
    private static let ordinaryThreads = 2

    /// Ends this process on SIGTERM: when its work is saved, for which it waits as long as it says, or at once where it saves
    /// none.
    private func endOnRequest(_ checkpoint: Checkpoint, _ report: StageReport, _ watch: ProcessWatch) {
        watch.hear([SIGTERM]) { _ in
            guard let seconds = checkpoint.requestStop()?.rounded(.up) else { _exit(StageExit.interrupted) }
            watch.endProcess(after: seconds, status: StageExit.interrupted)
            report.stop(within: seconds)
        }
    }
}

extension LocalRunner {
    /// Starts stages with this program.
    static func ofThisProgram(options: [String] = []) throws -> LocalRunner {
        LocalRunner(executable: try ProcessFiles.program(), options: options)
    }
}
