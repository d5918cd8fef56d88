import Engine
import Kinds
import Words

/// A row and what a model is to answer; no response where the row's own text is learned.
struct Lesson {
    let row: Row
    let response: String?
    /// The response as a model said it in its own form.
    var native: NativeAnswer? = nil
}

/// Rows with a response to learn, as tokens.
struct ResponseRows {
    let prompts: PromptEncoder
    let task: any AnswerTask
    /// What a prompt shows.
    let style: PromptStyle

    /// A row with its own answers as the response; a passage with all that follows its first token.
    func example(of row: Row, format: AnswerStyle = .call) throws(RowError) -> TrainingExample {
        if row.isPassage { return TrainingExample(tokens: try prompts.passageTokens(of: row), promptLength: 1) }
        return try example(of: row, response: task.response(to: row, in: format))
    }

    func example(of lesson: Lesson) throws(RowError) -> TrainingExample {
        guard let response = lesson.response else { return try example(of: lesson.row) }
        return try example(of: lesson.row, response: response, lesson.native)
    }

    /// - Parameter native: what a model said in its own form.
    func example(of row: Row, response: String, _ native: NativeAnswer? = nil) throws(RowError) -> TrainingExample {
        let prompt = try prompt(of: row)
        let tokens = try prompts.responseTokens(
            of: response, native, to: task.shown(row, in: style), functions: task.functions)
        return TrainingExample(tokens: prompt + tokens, promptLength: prompt.count)
    }

    /// What a model is to answer. A passage asks nothing, and is refused by its id.
    func prompt(of row: Row) throws(RowError) -> [Int32] {
        try row.checkThatItAsks()
        return try prompts.promptTokens(of: task.shown(row, in: style), functions: task.functions)
    }

    /// The prompts of rows, each answer held to what the task allows where that is wanted.
    ///
    /// - Parameter mostCalls: of an answer that is held to calls; `nil` where its tokens alone limit it.
    func prompts(
        of rows: some Sequence<Row>, constrained: Bool, mostCalls: Int? = nil
    ) throws(RowError) -> [GenerationPrompt] {
        var constraints = constrained ? AnswerConstraints(task: task, prompts: prompts, mostCalls: mostCalls) : nil
        var list: [GenerationPrompt] = []
        for row in rows {
            list.append(GenerationPrompt(try prompt(of: row), constraint: try constraints?.constraint(for: row)))
        }
        return list
    }
}

extension StageContext {
    /// - Parameters:
    ///   - model: the input whose tokenizer and chat template write the prompts.
    ///   - prompt: what a prompt shows.
    ///   - answer: what responses consist of. Calls are in the model's own form where it has one, those behind a reasoning where it
    ///     has one for that.
    ///   - data: the input whose rows are shown.
    func responseRows(
        for model: String = "model", _ prompt: PromptStyle, _ answer: AnswerStyle = .call, of data: String = "data"
    ) throws -> ResponseRows {
        try responseRows(by: modelFolder(model), prompt, answer, of: data)
    }

    /// - Parameter model: whose tokenizer and chat template write the prompts.
    func responseRows(
        by model: ModelFolder, _ prompt: PromptStyle, _ answer: AnswerStyle, of data: String
    ) throws -> ResponseRows {
        let task = try readTask(of: data)
        let prompts = try model.prompts(
            task.markup(of: prompt), callsNatively: task.kind == .calls, reasons: answer == .reasoning)
        return ResponseRows(prompts: prompts, task: task, style: prompt)
    }

    /// The responses to learn: those of the input `judged` where there is one, else the own ones of training rows that have some.
    ///
    /// - Parameter answer: what the rows' own answers are taught as.
    func examplesToLearn(_ rows: ResponseRows, answer: AnswerStyle) throws -> [TrainingExample] {
        try lessons(rows, answer: answer).map { try rows.example(of: $0) }
    }

    /// The same as texts.
    func lessons(_ rows: ResponseRows, answer: AnswerStyle) throws -> [Lesson] {
        if hasInput("judged") { return try judgedLessons() }
        let format = answer
        return try readLabelled(DataFiles.train).map { row in
            Lesson(row: row, response: row.isPassage ? nil : try rows.task.response(to: row, in: format))
        }
    }

    /// The training rows of the input `data` with the responses that the judge accepted, in the judge's order.
    private func judgedLessons() throws -> [Lesson] {
        let known = Dictionary(uniqueKeysWithValues: try read(DataFiles.train, from: "data").map { ($0.id, $0) })
        return try read(Judge.accepted, from: "judged").map { judged in
            guard let row = known[judged.row] else { throw judged.failure(in: Judge.accepted) }
            return Lesson(row: row, response: judged.response, native: judged.native)
        }
    }
}

extension Sample: RunnableStage {
    package static let artifact: [Output] = [.file(Rollout.file)]

    package var limitation: Limitation? { answer.limitation(constrained: constrained) }

    package func run(in context: StageContext) throws {
        let rows = try context.answeredRows(self.rows, of: set)
        let reader = try context.responseRows(prompt, answer)
        let encoder = reader.prompts
        let prompts = try reader.prompts(of: rows, constrained: constrained, mostCalls: maxCalls)
        var options = GenerationOptions(
            maximumTokens: maxTokens, stopTokens: Set(encoder.endTokens), temperature: temperature,
            seed: UInt64(bitPattern: Int64(seed)))
        options.samples = samples
        let responses = try Generator(context.unpaddedInferenceModel("model"), workers: context.workers).generate(
            prompts, options: options, checkpoint: context.resultCheckpoint(of: prompts.count * samples, unit: "rollout"))
        try context.write(
            responses.enumerated().map { index, response in
                let said = encoder.response(of: response)
                return Rollout(
                    row: rows[index / samples].id, sample: index % samples, response: said.text,
                    hasEnded: response.isFinished, native: said.native, fault: said.fault)
            }, to: Rollout.file)
    }
}

extension AnswerStyle {
    /// Why answers of this style cannot be held to a grammar; `nil` where they can, or where it is not asked.
    func limitation(constrained: Bool) -> Limitation? {
        guard self == .reasoning, constrained else { return nil }
        return Limitation("constrained answers with reasoning are not in this version yet", of: "constrained")
    }
}
