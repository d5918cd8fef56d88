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
        commandName: "stage", abstract: "Run one prepared stage.", shouldDisplay: false, subcommands: [StageRunCommand.self])
}

struct StageRunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Run the stage that a directory holds: action.json and inputs/ in, outputs/ out.")

    @Argument(help: "The stage's directory.")
    var directory: String

    @Option(help: "Threads to work with; results never depend on it.")
    var threads = Machine.current.processors

    @Option(help: "Seconds from one checkpoint to the next, at least; 0 makes one whenever there is something to keep.")
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
        endOnRequest(checkpoint, watch)
        defer { watch.stopHearing() }
        do {
            let context = StageContext(
                inputs: workspace.inputs, outputs: workspace.outputs, threads: min(max(1, threads), 1024),
                products: try ProductPrecision(action.numerics), checkpoint: checkpoint,
                questionFiles: QuestionFiles(questions: workspace.questions, answers: workspace.answers),
                isolation: commandOptions.isolation ?? .best, commandLimits: commandOptions.limits
            ) { Console.output(json: $0.json) }
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

    /// Seconds that a stage has, once it was asked to end, until its next checkpoint is written.
    private static let graceSeconds = 1.25
    /// Threads of a stage beside those it works with: libdispatch's own.
    private static let ordinaryThreads = 2

    /// Ends this process on SIGTERM: at its next checkpoint, or without one if none comes in time.
    private func endOnRequest(_ checkpoint: Checkpoint, _ watch: ProcessWatch) {
        watch.hear([SIGTERM]) { _ in
            guard checkpoint.requestStop() else { _exit(StageExit.interrupted) }
            watch.endProcess(after: Self.graceSeconds, status: StageExit.interrupted)
        }
    }
}

extension LocalRunner {
    /// Starts stages with this program.
    static func ofThisProgram(options: [String] = []) throws -> LocalRunner {
        LocalRunner(executable: try ProcessFiles.program(), options: options)
    }
}
