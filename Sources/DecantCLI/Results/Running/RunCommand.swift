import ArgumentParser
import CanonicalJSON
import Engine
import Files
import Foundation
import Stages
import Store

struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Answer queries with a model of the store.",
        discussion: """
            An answer is held to what the model's task allows where that is known: calls of the functions, a label, an \
            object. One that is none all the same is marked, and the command ends with status 1. The functions are those of \
            the model's data, or of a file: functions.json, Decant's functions.yaml, or OpenAI's tools.
            """)

    /// What an answer may be.
    enum Manner: String, EnumerableFlag {
        case constrained
        case free

        static func help(for manner: Manner) -> ArgumentHelp? {
            switch manner {
            case .constrained: "Answer nothing but what the task allows (as it is where that is known)."
            case .free: "Let the model answer as it likes."
            }
        }
    }

    @Argument(help: "A model: a stage or target of a recipe's last build, or a commit.")
    var target: String

    @Argument(help: "The query; '-' or nothing reads standard input, a query on each line.")
    var query: String?

    @Option(help: "A file of queries: a line each, or JSON lines with 'query' or 'messages' ('options', 'document').")
    var file: String?

    @Option(help: "A file of the functions that may be called (else those of the model's data).")
    var functions: String?

    @Option(help: "What the model is told before every query.")
    var instructions: String?

    @Option(help: "Earlier messages: JSON such as '[{\"role\": \"user\", \"content\": \"…\"}]', or a file of it.")
    var context: String?

    @Option(help: "New tokens at most (else 128, or 256 for a model that reasons).")
    var maxTokens: Int?

    @Flag(exclusivity: .exclusive)
    var manner: Manner?

    @OptionGroup var options: ResultOptions

    func validate() throws {
        if query != nil, file != nil { throw ValidationError("name a query or --file, not both") }
        if let maxTokens, maxTokens < 1 { throw ValidationError("--max-tokens must be at least 1") }
    }

    func run() throws {
        let background = try RunQuery.shared(instructions: instructions, context: context)
        let store = try options.openExisting()
        let stored = try StoredTarget(target, in: store)
        guard stored.record.artifact.isModel else {
            throw CommandFailure.badInput("\(stored.name) is no model", hint: "show \(target)")
        }
        var model = try AnsweringModel(
            stored, in: store, functions: try functions.map(Self.readFunctions), manner: manner, maxTokens: maxTokens)
        if let note = model.note { Console.progress("note: \(note)") }
        var counts = (answers: 0, faults: 0)
        let asked = RunQueries(query: query, file: file, background: background, isJSON: model.wantsParts)
        try asked.forEachGroup { queries in
            for (query, answer) in zip(queries, try model.answers(to: queries)) {
                counts.answers += 1
                options.print(answer.json(to: query), answer.text)
                guard let fault = answer.fault else { continue }
                counts.faults += 1
                if !options.asJSON { Console.progress("no valid answer\(query.place.map { " (\($0))" } ?? ""): \(fault)") }
            }
        }
        guard counts.answers > 0 else { throw CommandFailure.badInput("there is no query") }
        guard counts.faults > 0 else { return }
        throw CommandFailure(
            status: ExitStatus.stageFailed,
            message: counts.answers == 1
                ? "the answer is not valid" : "\(counts.faults) of \(counts.answers) answers are not valid")
    }

    private static func readFunctions(_ path: String) throws -> [String: FunctionDefinition] {
        do {
            return try FunctionFile.read(RegularFile.contents(of: path, limit: 64 << 20), path: path)
        } catch let problem as FileProblem {
            throw CommandFailure.unreadable(path, problem)
        } catch let failure as StageFailure {
            throw CommandFailure.badInput(failure.description)
        }
    }
}
