import BuildModel
import Engine
import Planner

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
        return try Generator(context.inferenceModel("judge"), workers: context.workers)
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
