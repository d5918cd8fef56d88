import ArgumentParser
import CanonicalJSON
import Engine
import Files
import Foundation
import Programs
import Stages
import Words

struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "run", abstract: "Answer a query with a model of the store.")

    @Argument(help: "A model: a stage or target of a recipe's last build, or a commit.")
    var target: String

    @Argument(help: "The query.")
    var query: String

    @Option(help: "A functions.json whose functions the prompt lists (for models trained with prompt: tools).")
    var functions: String?

    @Option(help: "New tokens at most.")
    var maxTokens = 128

    @Flag(help: "Answer nothing but what the model's task allows: a label, an object, calls that fit these functions' schemas.")
    var constrained = false

    @OptionGroup var storeOptions: StoreOptions

    func run() throws {
        let store = try storeOptions.openExisting()
        let stored = try StoredTarget(target, in: store)
        guard stored.record.artifact.isModel else {
            throw CommandFailure.badInput("\(stored.name) is no model", hint: "show \(target)")
        }
        let directory = URL.temporaryDirectory.appending(path: "decant-run-\(UUID().uuidString)", directoryHint: .isDirectory)
        defer { try? FileManager.default.removeItem(at: directory) }
        try store.materialize(stored.record.artifact, at: directory)
        let folder = ModelFolder(directory)
        if let learned = try LearnedData(of: stored.record, in: store), learned.description.kind != .calls {
            let task = try learned.description.task(functions: [:])
            let style = try folder.promptFormat() ?? learned.prompt ?? .query
            Console.output(try answer(with: folder, task, style, to: Row(id: "query", query: query, answers: [])))
        } else {
            Console.output(try answer(with: folder))
        }
    }

    /// - Parameter style: what the prompt shows.
    private func answer(with folder: ModelFolder, _ task: any AnswerTask, _ style: PromptStyle, to row: Row) throws -> String {
        let encoder = try folder.prompts(task.markup(of: style))
        let prompt = try encoder.promptTokens(of: task.shown(row, in: style), functions: task.functions)
        var options = GenerationOptions(maximumTokens: maxTokens, stopTokens: Set(encoder.endTokens))
        if constrained {
            var constraints = AnswerConstraints(task: task, tokenizer: encoder.tokenizer)
            do {
                options.constraint = try constraints.constraint(for: row)
            } catch {
                throw CommandFailure.badInput("\(error): leave --constrained out")
            }
        }
        let workers = WorkerPool(threads: Machine.current.processors)
        let answers = try folder.inferenceModel().generate([prompt], options: options, workers: workers)
        return answers.first?.text(with: encoder.tokenizer) ?? ""
    }

    private func answer(with folder: ModelFolder) throws -> String {
        let pool = try readFunctions()
        let row = Row(id: "query", query: query, functions: pool.keys.sorted(), answers: [])
        let format = try folder.promptFormat() ?? (pool.isEmpty ? .query : .tools)
        if format == .tools, pool.isEmpty {
            throw CommandFailure.badInput("this model's prompts list functions: name a file of them with --functions")
        }
        if constrained, pool.isEmpty {
            throw CommandFailure.badInput("what an answer may call must be known: name a file of functions with --functions")
        }
        return try answer(with: folder, CallTask(functions: pool), format, to: row)
    }

    private func readFunctions() throws -> [String: FunctionDefinition] {
        guard let path = functions else { return [:] }
        do {
            let content = try RegularFile.contents(of: path, limit: 64 << 20)
            let list = try JSON(parsing: content).array ?? []
            return Dictionary(try list.map { try FunctionDefinition(json: $0) }.map { ($0.name, $0) }, uniquingKeysWith: { $1 })
        } catch let problem as FileProblem {
            throw CommandFailure.badInput(
                problem.kind == .missing ? "there is no file at \(path)" : problem.description)
        } catch {
            throw CommandFailure.badInput("\(path): \(error)")
        }
    }
}
