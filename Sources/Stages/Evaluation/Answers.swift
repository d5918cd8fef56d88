import CanonicalJSON
import Engine
import Foundation
import Kinds
import Words

extension EvalScore: RunnableStage {
    static let scores = File<JSON>("scores.json")
    static let confusion = File<JSON>("confusion.json")
    private static let failures = File<[JSON]>("failures.jsonl")
    package static let artifact: [Output] = [
        .figures(scores), .figures(confusion, as: .confusion), .file(failures),
        .file(JudgeVerdicts.transcriptFile, isOptional: true),
    ]

    package func run(in context: StageContext) throws {
        let task = try context.readTask()
        let answers = try sets.map { try readAnswers(to: $0, in: context) }
        // All sets in one run: a judging model's checkpoint is of one run.
        let judging = try context.judging(answers.joined().map(\.judged), by: self, task)
        var scores: [String: JSON] = [:]
        var confusions: [String: JSON] = [:]
        var failures: [JSON] = []
        var start = 0
        for (set, answers) in zip(sets, answers) {
            let range = start..<start + answers.count
            var results = SetResults(set: set, of: task, domains: domains, countsArguments: arguments)
            for (answer, verdict) in zip(answers, judging.verdicts[range]) {
                results.add(answer.judged, verdict, of: answer.answer)
            }
            scores[set] = results.scores(agreement: judging.agreement(over: range))
            confusions[set] = results.confusion
            failures += results.failures
            start = range.upperBound
        }
        try context.write(["sets": .object(scores)], to: Self.scores)
        try context.write(["sets": .object(confusions)], to: Self.confusion)
        try context.write(failures, to: Self.failures)
        if let transcript = judging.transcript { try context.write(transcript, to: JudgeVerdicts.transcriptFile) }
    }

    private func readAnswers(to set: String, in context: StageContext) throws -> [(judged: JudgedResponse, answer: Answer)] {
        let rows = Dictionary(uniqueKeysWithValues: try context.read(DataFiles.set(set), from: "data").map { ($0.id, $0) })
        let file = EvalGenerate.answers(to: set)
        return try context.read(file, from: "answers").map { answer in
            guard let row = rows[answer.row] else {
                throw StageFailure("answers/\(file.name) has an answer of no row of the set: \(answer.line.canonicalText)")
            }
            let response = JudgedResponse(
                row: row, response: answer.response, format: self.answer, fault: answer.fault)
            return (response, answer)
        }
    }
}

/// The scores of a set's answers.
private struct SetResults {
    let set: String
    private let task: any AnswerTask
    private var tally: any TaskScores
    /// `nil` where calls are not read as frames.
    private var frames: FrameScores?
    /// `nil` where arguments are not counted.
    private var arguments: ArgumentCounts?
    private(set) var failures: [JSON] = []

    /// - Parameter domains: functions by domain, where calls are read as frames.
    init(set: String, of task: any AnswerTask, domains: [String: [String]]?, countsArguments: Bool) {
        (self.set, self.task) = (set, task)
        tally = task.newScores()
        frames = domains.map { FrameScores(FunctionDomains($0)) }
        arguments = countsArguments ? ArgumentCounts() : nil
    }

    mutating func add(_ judged: JudgedResponse, _ verdict: Verdict, of answer: Answer) {
        let (row, response) = (judged.row, judged.response)
        let isExact = judged.verdict(by: .exact, task).isAccepted
        tally.add(
            ScoredAnswer(
                row: row, answer: judged.answer, isAccepted: verdict.isAccepted, isExact: isExact,
                responseTokens: answer.tokens.response, options: answer.options))
        if !row.isUnlabelled {
            frames?.add(row, answer: judged.answer)
            let functions = task.functions
            arguments?.add(row, answer: judged.answer, functions: functions)
        }
        guard case .rejected(let reason) = verdict else { return }
        failures.append([
            "set": .string(set), "id": .string(row.id), "query": .string(row.query), "response": .string(response),
            "wanted": row.isUnlabelled ? .null : .string(task.response(to: row)), "reason": .string(reason),
        ])
    }

    var confusion: JSON { tally.confusion }

    func scores(agreement: JSON?) -> JSON {
        guard var members = tally.json.object else { return tally.json }
        if let frames { members.merge(frames.members) { $1 } }
        if let arguments { members.merge(arguments.members) { $1 } }
        if let agreement { members["agreement"] = agreement }
        return .object(members)
    }
}

extension EvalGenerate: RunnableStage {
    package static let artifact: [Output] = [.sets]

    static func answers(to set: String) -> File<[Answer]> { File(DataFiles.set(set).name) }
    /// The same file, read for costs.
    static func tokens(of set: String) -> File<[AnswerTokens]> { File(answers(to: set).name) }

    package var limitation: Limitation? { answer.limitation(constrained: constrained) }

    package func run(in context: StageContext) throws {
        let reader = try context.responseRows(prompt, answer)
        let encoder = reader.prompts
        if reader.task.kind == .calls, let tokens = encoder.tokensPerFunction(Array(reader.task.functions.values)) {
            context.log("a prompt spends \(Metric.Format.decimal(tokens, places: 1)) tokens on a function")
        }
        let rows = try sets.map { set in
            // A threshold is chosen on the rows that ask something.
            guard refusals, set == RowSet.valid.rawValue else { return try context.readEvaluatedRows(of: set) }
            return try context.readSet(set).filter { !$0.isPassage }
        }
        // All sets in one run: a checkpoint is of one run. A greedy answer does not depend on the other prompts.
        let prompts = try reader.prompts(of: rows.joined(), constrained: constrained, mostCalls: maxCalls)
        let options = GenerationOptions(maximumTokens: maxTokens, stopTokens: Set(encoder.endTokens))
        let model = try context.unpaddedInferenceModel("model")
        let generator = Generator(model, workers: context.workers)
        let answers = try generator.generate(
            prompts, options: options, checkpoint: context.resultCheckpoint(of: prompts.count, unit: "row"))
        var found: [Refusal]?
        if refusals {
            found = try Refusals(reader, model, generator, options, mostCalls: maxCalls, workers: context.workers)?
                .refusals(of: Array(rows.joined()), prompts: prompts.map(\.tokens), answers: answers)
            if found == nil {
                context.log("the model calls in a form of its own, so that no threshold decides whether it calls")
            }
        }
        var start = 0
        for (set, rows) in zip(sets, rows) {
            let lines = rows.indices.map { index in
                let answer = answers[start + index]
                let response = encoder.response(of: answer)
                return Answer(
                    row: rows[index].id, response: response.text,
                    tokens: AnswerTokens(prompt: prompts[start + index].tokens.count, response: answer.tokens.count),
                    hasEnded: answer.isFinished, native: response.native, fault: response.fault,
                    refusal: found?[start + index])
            }
            try context.write(lines, to: Self.answers(to: set))
            start += rows.count
        }
    }
}

extension StageContext {
    /// The rows of a set that models are measured on.
    func readSet(_ set: String) throws -> [Row] {
        guard FileManager.default.fileExists(atPath: input("data", DataFiles.set(set).name).path) else {
            throw StageFailure("the data has no rows in the set '\(set)'; take it out of evaluate.sets")
        }
        return try read(DataFiles.set(set), from: "data")
    }

    /// The rows of a set that models are to answer.
    func readEvaluatedRows(of set: String) throws -> [Row] {
        let rows = try readSet(set)
        if let passage = rows.first(where: \.isPassage) {
            throw StageFailure(
                "the row '\(passage.id)' of the set '\(set)' is a passage of text, which asks for no calls; "
                    + "take the set out of evaluate.sets")
        }
        return rows
    }
}

/// A model's answer to a row: a line of `<set>.jsonl`.
struct Answer {
    let row: String
    let response: String
    let tokens: AnswerTokens
    let hasEnded: Bool
    /// The likelihoods of the row's options, where the response is the most probable one.
    var options: [ScoredOption]?
    /// What the model said; `nil` for one that answers in Decant's form.
    var native: NativeAnswer?
    /// Why that cannot be read.
    var fault: String?
    /// What a model behind a server reasoned before it.
    var reasoning: String?
    /// What a threshold decides by, where it was looked for.
    var refusal: Refusal?
}

extension Answer: LineContent {
    static let noun = "answer"

    /// The prompt's tokens may be missing: scores need the response's alone.
    init(line: JSON) throws(RowError) {
        guard let row = line["id"]?.string, let text = line["response"]?.string, let tokens = line["response_tokens"]?.integer
        else { throw RowError("there are no id, response and response_tokens") }
        self.init(
            row: row, response: text, tokens: AnswerTokens(prompt: line["prompt_tokens"]?.integer ?? 0, response: tokens),
            hasEnded: line["ended"] != false,
            options: try line["options"]?.array.map { list throws(RowError) in try list.map(ScoredOption.init(json:)) },
            native: NativeAnswer(json: line["native"]), fault: line["fault"]?.string, reasoning: line["reasoning"]?.string,
            refusal: try line["refusal"].map { json throws(RowError) in try Refusal(json: json) })
    }

    var line: JSON {
        var members = tokens.line.object ?? [:]
        members.merge(["id": .string(row), "response": .string(response), "ended": .bool(hasEnded)]) { $1 }
        if let options { members["options"] = .array(options.map(\.json)) }
        members["native"] = native?.json
        members["fault"] = fault.map(JSON.string)
        members["reasoning"] = reasoning.map(JSON.string)
        members["refusal"] = refusal?.json
        return .object(members)
    }
}

/// How long a model's answer and its prompt are: what costs are counted from.
struct AnswerTokens {
    let prompt: Int
    let response: Int
}

extension AnswerTokens: LineContent {
    static let noun = "answer"

    init(line: JSON) throws(RowError) {
        guard let prompt = line["prompt_tokens"]?.integer, let response = line["response_tokens"]?.integer, prompt >= 0,
            response >= 0
        else { throw RowError("there are no prompt_tokens and response_tokens") }
        self.init(prompt: prompt, response: response)
    }

    var line: JSON { ["prompt_tokens": .count(prompt), "response_tokens": .count(response)] }
}
