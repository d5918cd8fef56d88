import BuildModel
import Engine
import Kinds
import Words

/// What a judging model replied.
struct JudgingReply: Hashable, Sendable {
    var text: String
    /// Whether it ended by itself.
    var isWhole: Bool
}

/// A model that is asked for verdicts, wherever it is.
protocol JudgingModel {
    /// The greedy replies to each question, in their order. Each question is a conversation of its own.
    func replies(to questions: [String]) throws -> [JudgingReply]
}

/// The judging model that is a stage's input: all questions in one run, which is what a checkpoint is of.
struct LocalJudgingModel: JudgingModel {
    /// A verdict is a word: what goes on is no verdict.
    private static let maximumTokens = 8

    let context: StageContext

    func replies(to questions: [String]) throws -> [JudgingReply] {
        let folder = context.modelFolder("judge")
        let encoder = try folder.prompts(.query)
        var prompts: [GenerationPrompt] = []
        for (index, question) in questions.enumerated() {
            let row = Row(id: "question \(index + 1)", query: question, answers: [])
            prompts.append(GenerationPrompt(try encoder.promptTokens(of: row, functions: [:])))
        }
        let options = GenerationOptions(maximumTokens: Self.maximumTokens, stopTokens: Set(encoder.endTokens))
        return try Generator(context.unpaddedInferenceModel("judge"), workers: context.workers)
            .generate(prompts, options: options, checkpoint: context.resultCheckpoint(of: prompts.count, unit: "verdict"))
            .map { JudgingReply(text: $0.text(with: encoder.tokenizer), isWhole: $0.isFinished) }
    }
}

/// A judging model behind a server, whose exchanges are recorded beside the verdicts.
struct EndpointJudgingModel: JudgingModel {
    private static let maximumTokens = 8

    let context: StageContext
    let model: String

    func replies(to questions: [String]) throws -> [JudgingReply] {
        let exchanges = try context.answers(
            to: questions.map { question in
                ChatQuestion(
                    model: model, messages: [["role": "user", "content": .string(question)]], tools: ChatTools([]),
                    temperature: 0, maxTokens: Self.maximumTokens, seed: 0)
            })
        try context.write(exchanges: exchanges)
        return exchanges.map { exchange in
            let text = exchange.answer["choices"]?[0]?["message"]?["content"]?.string
            return JudgingReply(text: text ?? "", isWhole: ChatAnswer(exchange.answer).isWhole)
        }
    }
}

extension StageContext {
    /// The model that a question goes to.
    func judgingModel(for question: ModelQuestion) throws(StageFailure) -> any JudgingModel {
        if let endpoint = question.endpoint { return EndpointJudgingModel(context: self, model: endpoint.model) }
        guard hasInput("judge") else {
            throw StageFailure("a judge of kind 'model' has no model: give the stage the input 'judge'")
        }
        return LocalJudgingModel(context: self)
    }
}

/// What a judging model is asked about a response: a text with places for what it is about.
struct JudgingQuestion {
    /// The recipe's text, or the standard one where that is empty.
    let template: String

    private static let standard = """
        Someone asked an assistant that answers with function calls:
        {query}

        The functions, one a line:
        {functions}

        Calls that are known to be right ([] where no call is wanted):
        {reference}

        The assistant's answer:
        {answer}

        Does the answer make the same calls, with arguments that mean the same? Reply with one word, yes or no.
        """

    private static let standardOfWords = """
        Someone asked an assistant:
        {query}

        An answer that is known to be right:
        {reference}

        The assistant's answer:
        {answer}

        Does the answer say the same? Reply with one word, yes or no.
        """

    /// - Parameter task: decides the standard text.
    init(_ written: String, of task: TaskKind = .calls) {
        template = !written.isEmpty ? written : task == .calls ? Self.standard : Self.standardOfWords
    }

    /// Of rows that say not what is right.
    private static let standardWithoutReference = """
        Someone asked an assistant:
        {query}

        What it may answer with, one a line:
        {functions}

        The assistant's answer:
        {answer}

        Is the answer right, complete and no more than what was asked for? Reply with one word, yes or no.
        """

    /// The question about a response. What is put into a place is never searched for places.
    ///
    /// - Throws: where a question of the recipe's own shows what is right, and the row does not say it.
    func text(about response: String, to row: Row, _ task: any AnswerTask) throws(RowError) -> String {
        var template = template
        if row.isUnlabelled, template.contains("{reference}") {
            guard template == Self.standard || template == Self.standardOfWords else {
                throw RowError(
                    "the row '\(row.id)' says not what is right, which 'judge.prompt' shows as {reference}; leave that out")
            }
            template = Self.standardWithoutReference
        }
        let values = [
            "query": (row.background.context.map(\.text) + [row.query] + row.background.steps.map(\.text))
                .joined(separator: "\n"),
            "functions": try task.choices(for: row), "reference": task.response(to: row), "answer": response,
        ]
        var text = ""
        var rest = template[...]
        while let start = rest.firstIndex(of: "{") {
            text += rest[..<start]
            rest = rest[start...]
            let place = rest.firstIndex(of: "}").map { (name: String(rest[rest.index(after: start)..<$0]), end: $0) }
            if let place, let value = values[place.name] {
                text += value
                rest = rest[rest.index(after: place.end)...]
            } else {
                text += "{"
                rest = rest.dropFirst()
            }
        }
        return text + rest
    }
}

/// A judging model's word: `yes` or `no` in any case, with or without a full stop, and nothing else but white space around it.
enum ModelVerdict: String {
    case yes
    case no

    init?(reply: JudgingReply) {
        guard reply.isWhole else { return nil }
        let words = reply.text.lowercased().split(whereSeparator: \.isWhitespace)
        guard words.count == 1 else { return nil }
        self.init(rawValue: String(words[0].hasSuffix(".") ? words[0].dropLast() : words[0]))
    }
}
