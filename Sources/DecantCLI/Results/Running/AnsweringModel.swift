import BuildModel
import CanonicalJSON
import Engine
import Foundation
import Kinds
import Programs
import Stages
import Store
import Words

/// A model of the store that answers queries, with what its lineage says about how.
struct AnsweringModel {
    /// What the person should know before the answers; `nil` where there is nothing.
    private(set) var note: String?

    private let generator: Generator
    private let encoder: PromptEncoder
    private let format: PromptStyle
    private let style: AnswerStyle
    /// Definitions by name; empty where nobody knows them.
    private let functions: [String: FunctionDefinition]
    private let options: GenerationOptions
    /// `nil` where answers are free.
    private var constraints: CallConstraints?

    /// - Parameters:
    ///   - functions: those that the person names; else the lineage's are taken.
    ///   - manner: as the person says; else answers are held to calls where the functions are known.
    init(
        _ target: StoredTarget, in store: Store, functions given: [String: FunctionDefinition]?,
        manner: RunCommand.Manner?, maxTokens: Int?
    ) throws {
        let history = ModelHistory(try store.lineage(of: target.record), of: target.record.commit)
        functions = try given ?? history.functions(in: store)
        style = history.answerStyle
        let isFree = manner == .free || functions.isEmpty || style == .reasoning && manner == nil
        if manner == .constrained, functions.isEmpty {
            throw CommandFailure.badInput(
                "what an answer may call must be known, and this model's lineage does not say: name a file of functions with "
                    + "--functions")
        }
        if manner == .constrained, style == .reasoning {
            throw CommandFailure.badInput(
                "this model reasons before it calls; constrained answers with reasoning are not in this version yet")
        }
        let directory = URL.temporaryDirectory.appending(path: "decant-run-\(UUID().uuidString)", directoryHint: .isDirectory)
        defer { try? FileManager.default.removeItem(at: directory) }
        try store.materialize(target.record.artifact, at: directory)
        let folder = ModelFolder(directory)
        format = try folder.promptFormat() ?? (functions.isEmpty ? .query : .tools)
        if format == .tools, functions.isEmpty {
            throw CommandFailure.badInput("this model's prompts list functions: name a file of them with --functions")
        }
        encoder = try folder.prompts(format)
        constraints = isFree ? nil : CallConstraints(functions: functions, tokenizer: encoder.tokenizer)
        options = GenerationOptions(
            maximumTokens: maxTokens ?? (style == .reasoning ? 256 : 128), stopTokens: Set(encoder.endTokens))
        generator = Generator(try folder.inferenceModel(), workers: WorkerPool(threads: Machine.current.processors))
        if functions.isEmpty {
            note = "nobody knows this model's functions, so answers are not checked; name a file of them with --functions"
        }
    }

    /// An answer and what it is.
    struct Answer {
        var response: String
        /// `nil` where it is no list of calls.
        var calls: [FunctionCall]?
        /// Why it is no valid call; `nil` where it is one, and where nobody knows the functions.
        var fault: String?
        /// Whether the functions are known, so that the answer could be checked.
        var isChecked: Bool
        var promptTokens: Int
        var responseTokens: Int

        /// On one line.
        var text: String { response.replacing("\r", with: "\\r").replacing("\n", with: "\\n") }

        func json(to query: RunQuery) -> JSON {
            var members: [String: JSON] = [
                "query": .string(query.text), "response": .string(response),
                "calls": calls.map { .array($0.map(\.json)) } ?? .null, "valid": isChecked ? .bool(fault == nil) : .null,
                "why": fault.map(JSON.string) ?? .null, "prompt_tokens": .count(promptTokens),
                "response_tokens": .count(responseTokens),
            ]
            if let id = query.id { members["id"] = .string(id) }
            return .object(members)
        }
    }

    mutating func answers(to queries: [RunQuery]) throws -> [Answer] {
        var prompts: [GenerationPrompt] = []
        for query in queries {
            let row = row(of: query)
            do {
                let tokens = try encoder.promptTokens(of: row, functions: functions)
                prompts.append(GenerationPrompt(tokens, constraint: constraints?.constraint(for: row)))
            } catch {
                throw CommandFailure.badInput("\(query.place.map { "\($0): " } ?? "")\(error)")
            }
        }
        do {
            return zip(prompts, try generator.generate(prompts, options: options)).map { prompt, sequence in
                answer(sequence, promptTokens: prompt.tokens.count)
            }
        } catch let error as GenerationError {
            let listed =
                format == .tools ? "; \(functions.count) functions stand in each prompt: name fewer with --functions" : ""
            throw CommandFailure.badInput("\(error)\(listed)")
        }
    }

    private func row(of query: RunQuery) -> Row {
        var row = Row(id: "query", query: query.text, functions: functions.keys.sorted(), answers: [])
        row.background = query.background
        return row
    }

    private func answer(_ sequence: GeneratedSequence, promptTokens: Int) -> Answer {
        let response = sequence.text(with: encoder.tokenizer)
        let parsed = style.answer(in: response).flatMap { CallParser.calls(in: $0) }
        let checked = style.answer(in: response).flatMap { CallParser.calls(in: $0, of: functions) }
        var fault: String?
        if !functions.isEmpty, case .failure(let error) = checked {
            fault =
                error.description
                + (sequence.isFinished ? "" : "; it was cut off at \(options.maximumTokens) tokens (--max-tokens)")
        }
        return Answer(
            response: response, calls: try? parsed.get(), fault: fault, isChecked: !functions.isEmpty,
            promptTokens: promptTokens, responseTokens: sequence.tokens.count)
    }
}
