import CanonicalJSON
import Engine
import Planner
import Words

/// Rows with a response to learn, as tokens.
struct ResponseRows {
    let prompts: PromptEncoder
    let functions: [String: FunctionDefinition]

    /// A row with its own answers as the response; a passage with all that follows its first token.
    func example(of row: Row, format: AnswerStyle = .call) throws(RowError) -> TrainingExample {
        if row.isPassage { return TrainingExample(tokens: try prompts.passageTokens(of: row), promptLength: 1) }
        return try example(of: row, response: format.response(to: row, functions: functions))
    }

    func example(of row: Row, response: String) throws(RowError) -> TrainingExample {
        let prompt = try prompts.promptTokens(of: row, functions: functions)
        let tokens = prompt + prompts.responseTokens(of: response)
        return TrainingExample(tokens: tokens, promptLength: prompt.count)
    }

    /// What a model is to answer. A passage asks nothing, and is refused by its id.
    func prompt(of row: Row) throws(RowError) -> [Int32] {
        try row.checkThatItAsks()
        return try prompts.promptTokens(of: row, functions: functions)
    }

    /// The prompts of rows, each held to calls of its candidates where that is wanted.
    func prompts(of rows: some Sequence<Row>, constrained: Bool) throws(RowError) -> [GenerationPrompt] {
        var constraints = constrained ? CallConstraints(functions: functions, tokenizer: prompts.tokenizer) : nil
        var list: [GenerationPrompt] = []
        for row in rows {
            list.append(GenerationPrompt(try prompt(of: row), constraint: constraints?.constraint(for: row)))
        }
        return list
    }
}

extension StageContext {
    /// The responses to learn: those of the input `judged` where there is one, else the training rows' own.
    ///
    /// - Parameter answer: what the rows' own answers are taught as; `nil` for calls.
    func examplesToLearn(_ rows: ResponseRows, answer: AnswerStyle?) throws -> [TrainingExample] {
        if hasInput("judged") { return try judgedExamples(rows) }
        let format = answer ?? .call
        return try readRows("data", "train.jsonl").map { try rows.example(of: $0, format: format) }
    }

    /// The training rows of the input `data` with the responses that the judge accepted, in the judge's order.
    func judgedExamples(_ rows: ResponseRows) throws -> [TrainingExample] {
        let known = Dictionary(uniqueKeysWithValues: try readRows("data", "train.jsonl").map { ($0.id, $0) })
        return try readLines("judged", "accepted.jsonl").map { line in
            guard let row = line["id"]?.string.flatMap({ known[$0] }), let response = line["response"]?.string else {
                throw StageFailure("judged/accepted.jsonl has a response to no training row: \(line.canonicalText)")
            }
            return try rows.example(of: row, response: response)
        }
    }
}
