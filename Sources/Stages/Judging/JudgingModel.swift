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
            .generate(prompts, options: options, resumption: context.resumption(of: prompts.count, unit: "verdict"))
            .map { JudgingReply(text: $0.text(with: encoder.tokenizer), isWhole: $0.isFinished) }
    }
}

extension StageContext {
    /// The model that a question goes to.
    func judgingModel(for question: ModelQuestion) throws(StageFailure) -> any JudgingModel {
        if let limitation = question.limitation { throw StageFailure(limitation) }
        guard hasInput("judge") else {
            throw StageFailure("a judge of kind 'model' has no model: give the stage the input 'judge'")
        }
        return LocalJudgingModel(context: self)
    }
}

extension ModelQuestion {
    /// What of asking this version cannot do yet.
    var limitation: String? { endpoint == nil ? nil : "a judge behind an endpoint is not in this version yet" }
}
