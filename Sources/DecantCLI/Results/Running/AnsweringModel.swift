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
    private let convention: AnswerConvention
    private var method: Method
    /// What decides between calls and none; `nil` where the model's most probable answer does.
    private var decision: (likelihoods: NoCallReader, threshold: Double)?

    private var task: any AnswerTask { convention.task }

    private enum Method {
        /// Without constraints, answers are free.
        case generating(Generator, GenerationOptions, AnswerConstraints?)
        case weighing(LikelihoodReader, positions: Int)
    }

    /// - Parameters:
    ///   - functions: those that the person names; else the lineage's are taken.
    ///   - manner: as the person says; else answers are held to what the task allows, where that is known.
    init(
        _ target: StoredTarget, in store: Store, functions given: [String: FunctionDefinition]?,
        manner: RunCommand.Manner?, maxTokens: Int?
    ) throws {
        let stored = try StoredModel(target, in: store, functions: given)
        let isFree = try Self.isFree(manner, stored.task, stored.answerStyle)
        let (model, conventions) = try stored.load(from: store)
        convention = conventions.usual
        let (task, prompts) = (convention.task, convention.prompts)
        if task.kind == .calls, convention.style == .tools, task.functions.isEmpty {
            throw CommandFailure.badInput("this model's prompts list functions: name a file of them with --functions")
        }
        let workers = WorkerPool(threads: Machine.current.processors)
        if [.choice, .rank].contains(task.kind), !isFree {
            let positions = model.model.configuration.maximumPositions
            method = .weighing(LikelihoodReader(model, workers: workers), positions: positions)
        } else {
            let options = GenerationOptions(
                maximumTokens: maxTokens ?? stored.answerStyle.usualTokens, stopTokens: Set(prompts.endTokens))
            let known = model.over(tokens: prompts.tokenizer.vocabularySize)
            method = .generating(
                Generator(known, workers: workers), options, isFree ? nil : AnswerConstraints(task: task, prompts: prompts))
            if let threshold = try stored.callThreshold(in: store) {
                decision = NoCallReader(known, prompts: prompts, workers: workers).map { ($0, threshold) }
            }
        }
    }

    /// Whether answers are held to nothing.
    ///
    /// - Throws: where the person wants them held, and they cannot be.
    private static func isFree(
        _ manner: RunCommand.Manner?, _ task: any AnswerTask, _ style: AnswerStyle
    ) throws(CommandFailure) -> Bool {
        var reason: String?
        if style == .reasoning {
            reason = "this model reasons before it answers; constrained answers with reasoning are not in this version yet"
        } else if task.kind == .text {
            reason = "answers of the task 'text' are free texts, which no grammar constrains: leave --constrained out"
        } else if !isKnown(task) {
            reason =
                "what an answer may call must be known, and this model's lineage does not say: name a file of functions with "
                + "--functions"
        }
        if manner == .constrained, let reason { throw CommandFailure.badInput(reason) }
        return manner == .free || reason != nil
    }

    /// Whether it is known what an answer may be.
    private static func isKnown(_ task: any AnswerTask) -> Bool { task.kind != .calls || !task.functions.isEmpty }

    /// What the person should know before the answers; `nil` where there is nothing.
    var note: String? {
        Self.isKnown(task)
            ? nil
            : "nobody knows this model's functions, so answers are not checked; name a file of them with --functions"
    }

    /// Whether a query is more than a text: each then is a line of JSON.
    var wantsParts: Bool { [.choice, .rank].contains(task.kind) }

    mutating func answers(to queries: [RunQuery]) throws -> [ModelAnswer] {
        let rows = try queries.map { try row(of: $0) }
        let prompts = try zip(queries, rows).map { query, row in
            try query.blamed { () throws(RowError) -> [Int32] in
                try convention.promptTokens(of: row)
            }
        }
        do {
            switch method {
            case .generating(let generator, let options, var constraints):
                let calls = try decision.map { decision in
                    try decision.likelihoods.likelihoods(after: prompts).map { $0 < decision.threshold }
                }
                let constrained = try zip(rows, prompts).enumerated().map { place, asked in
                    if calls?[place] == true, let calling = constraints?.callingConstraint(for: asked.0) {
                        return GenerationPrompt(asked.1, constraint: calling)
                    }
                    return GenerationPrompt(asked.1, constraint: try constraints?.constraint(for: asked.0))
                }
                // Constraints are costly to make, and known from here on.
                method = .generating(generator, options, constraints)
                let sequences = try generator.generate(constrained, options: options)
                return rows.indices.map { place in
                    if calls?[place] == false { return refusal(to: rows[place], promptTokens: prompts[place].count) }
                    return answer(
                        sequences[place], to: rows[place], promptTokens: prompts[place].count, most: options.maximumTokens)
                }
            case .weighing(let reader, let positions):
                return try zip(rows, prompts).map { row, tokens in
                    try weighed(row, prompt: tokens, with: reader, positions: positions)
                }
            }
        } catch let error as GenerationError {
            let listed =
                convention.style == .tools && task.kind == .calls
                ? "; \(task.functions.count) functions stand in each prompt: name fewer with --functions" : ""
            throw CommandFailure.badInput("\(error)\(listed)")
        }
    }

    private func row(of query: RunQuery) throws -> Row {
        var row = try query.blamed { () throws(RowError) -> Row in
            switch task.kind {
            case .choice:
                guard let options = query.options else {
                    throw RowError("the task 'choice' needs options: write {\"query\": \"…\", \"options\": [\"…\", \"…\"]}")
                }
                return Row(id: "query", query: query.text, options: try RowOptions(options, right: 0))
            case .rank:
                guard let document = query.document else {
                    throw RowError("the task 'rank' needs a document: write {\"query\": \"…\", \"document\": \"…\"}")
                }
                return Row(id: "query", query: query.text, ranked: try RankedText(document, relevance: 0, group: ""))
            case .calls, .classify, .extract, .text:
                return Row(id: "query", query: query.text, functions: task.functions.keys.sorted(), answers: [])
            }
        }
        row.background = query.background
        return row
    }

    private func answer(_ sequence: GeneratedSequence, to row: Row, promptTokens: Int, most: Int) -> ModelAnswer {
        let reading = convention.reading(of: sequence)
        var fault = convention.fault(of: reading, to: row)
        if let reason = fault, !sequence.isFinished { fault = reason + "; it was cut off at \(most) tokens (--max-tokens)" }
        return ModelAnswer(
            task: task.kind, response: reading.response, answer: reading.answer, fault: fault,
            isChecked: Self.isKnown(task), promptTokens: promptTokens, responseTokens: sequence.tokens.count)
    }

    /// No call, which the threshold decides on.
    private func refusal(to row: Row, promptTokens: Int) -> ModelAnswer {
        ModelAnswer(
            task: task.kind, response: NoCallReader.answer, answer: NoCallReader.answer, fault: nil,
            isChecked: Self.isKnown(task), promptTokens: promptTokens, responseTokens: decision?.likelihoods.tokens ?? 0)
    }

    /// The most probable of a row's options, as evaluation takes it.
    private func weighed(
        _ row: Row, prompt: [Int32], with reader: LikelihoodReader, positions: Int
    ) throws -> ModelAnswer {
        let options = task.options(of: row) ?? []
        let scored = try convention.scores(of: options, after: prompt, by: reader, positions: positions)
        let best = ChoiceCounts.Normalization.none.choice(among: scored) ?? 0
        return ModelAnswer(
            task: task.kind, response: options[best], answer: options[best], fault: nil, isChecked: true,
            promptTokens: prompt.count, responseTokens: scored.reduce(0) { $0 + $1.tokens },
            options: zip(options, scored).map { (text: $0, scored: $1) })
    }
}
