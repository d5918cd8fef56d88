import ArgumentParser
import BuildModel
import CanonicalJSON
import Engine
import Foundation
import Programs
import Serving
import Stages
import Words

/// What `bench.serve` starts: a model folder is served as `serve` does it, without a store.
struct StageServeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Serve a model folder on this machine until standard input ends.", shouldDisplay: false)

    @Argument(help: "The model's folder.")
    var model: String

    @Argument(help: "A folder of data: its task and its functions.")
    var data: String

    @Option(help: "What prompts show.")
    var prompt: PromptStyle

    @Option(help: "What answers consist of.")
    var answer: AnswerStyle

    @Option(help: "The numerics in which the model computes.")
    var numerics: String

    @Option(help: "Threads to work with.")
    var threads: Int

    @Flag(inversion: .prefixedNo, help: "Keep what prompts have in common.")
    var prefixes = true

    /// As requests call the model.
    private static let name = "model"

    func run() throws {
        signal(SIGPIPE, SIG_IGN)
        let watch = try CommandLineProgram.watch.get()
        // The stage holds the other end of standard input, and a killed stage closes it.
        watch.whenInputEnds { _exit(1) }
        let end = DispatchSemaphore(value: 0)
        watch.hear([SIGTERM]) { _ in end.signal() }
        try PlainThread.expect(threads + Self.ordinaryThreads)
        let server = ModelServer([try servedModel()], ModelServer.Settings(version: CommandLineProgram.version))
        let address = try server.listen(at: .init(host: "127.0.0.1", port: 0))
        Console.output(json: ["host": .string(address.host), "port": .count(address.port), "model": .string(Self.name)])
        end.wait()
        server.drain()
    }

    /// Threads beside those that the engine works with.
    private static let ordinaryThreads = 8

    private func servedModel() throws -> ServedModel {
        guard let numerics = Numerics(rawValue: numerics) else {
            throw CommandFailure.badInput("'\(numerics)' are no numerics")
        }
        let folder = ModelFolder(URL(fileURLWithPath: model, isDirectory: true))
        let task = try task()
        let prompts = try folder.prompts(
            task.markup(of: prompt), callsNatively: task.kind == .calls, reasons: answer == .reasoning)
        var weights = try folder.inferenceModel()
        weights.products = try ProductPrecision(numerics)
        var limits = EngineLimits()
        limits.keepsPrefixes = prefixes
        return ServedModel(
            ServedModel.Identity(name: Self.name, commit: "", lineage: [:], created: 0), weights,
            convention: AnswerConvention(task, style: prompt, answerStyle: answer, prompts: prompts), withFunctions: nil,
            usualTokens: answer.usualTokens, callThreshold: nil, workers: WorkerPool(threads: threads), limits: limits)
    }

    private func task() throws -> any AnswerTask {
        let folder = URL(fileURLWithPath: data, isDirectory: true)
        let description = folder.appending(path: DataFiles.task.name)
        let functions = try FunctionPool(
            reading: folder.appending(path: DataFiles.functions.name), named: DataFiles.functions.name)
        let isWritten = FileManager.default.fileExists(atPath: description.path)
        let task = try isWritten ? TaskDescription(reading: description, named: DataFiles.task.name) : .calls
        return try task.task(functions: functions.functions)
    }
}

extension PromptStyle: ExpressibleByArgument {}
extension AnswerStyle: ExpressibleByArgument {}
