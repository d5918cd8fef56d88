import ArgumentParser
import BuildModel
import CanonicalJSON
import Engine
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

    @Option(help: "Seconds from one checkpoint to the next, at least; 0 makes one whenever there is something to keep.")
    var checkpointSeconds = 20.0

    @Option(help: "Whether a command runs where it cannot be kept apart from the machine: best (it does) or required.")
    var isolation = "best"

    func validate() throws {
        guard checkpointSeconds >= 0, checkpointSeconds <= 1e9 else {
            throw ValidationError("--checkpoint-seconds must be at least 0")
        }
    }

    func run() throws {
        dieWithParent()
        let workspace = StageWorkspace(directory: URL(fileURLWithPath: directory, isDirectory: true))
        let action: Action
        do {
            action = try Action(encoding: (try? JSON(parsing: Data(contentsOf: workspace.actionFile))) ?? .null)
        } catch {
            throw CommandFailure.badInput("\(workspace.actionFile.path) \(error)")
        }
        let checkpoint = Checkpoint(
            directory: workspace.checkpoint, action: action, interval: .seconds(checkpointSeconds))
        let signals = endOnRequest(checkpoint)
        defer { signals.cancel() }
        do {
            var context = StageContext(
                inputs: workspace.inputs, outputs: workspace.outputs, threads: max(1, threads),
                products: try ProductPrecision(action.numerics), checkpoint: checkpoint,
                questionFiles: QuestionFiles(questions: workspace.questions, answers: workspace.answers)
            ) { Console.output($0.json.canonicalText) }
            context.needsIsolation = isolation == "required"
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

    /// Ends this process on SIGTERM: at its next checkpoint, or without one if none comes in time.
    private func endOnRequest(_ checkpoint: Checkpoint) -> any DispatchSourceSignal {
        let queue = DispatchQueue(label: "decant.stage.signals", qos: .userInteractive)
        let source = DispatchSource.makeSignalSource(signal: SIGTERM, queue: queue)
        source.setEventHandler {
            guard checkpoint.requestStop() else { _exit(StageExit.interrupted) }
            queue.asyncAfter(deadline: .now() + Self.graceSeconds) { _exit(StageExit.interrupted) }
        }
        source.resume()
        return source
    }

    /// Ends this process when standard input ends: the runner holds its other end, and a killed runner closes it.
    private func dieWithParent() {
        Thread.detachNewThread {
            var byte: UInt8 = 0
            while read(STDIN_FILENO, &byte, 1) > 0 {}
            _exit(1)
        }
    }
}

extension LocalRunner {
    /// Starts stages with this program.
    static func ofThisProgram(options: [String] = []) throws -> LocalRunner {
        let path = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        return LocalRunner(executable: URL(fileURLWithPath: path), options: options)
    }
}
