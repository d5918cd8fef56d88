import BuildModel
import Engine
import Kinds
import Words

/// What a judging model replied.
struct JudgingReply: Hashable, Sendable {
    var text: String
    /// Whether it ended by itself.
    var isWhole: Bool
    /// What a server keeps apart from the reply; `nil` where it keeps nothing apart.
    var reasoning: String?
}

/// How a judging model replies.
struct ReplyOptions: Hashable, Sendable {
    var maximumTokens: Int
    /// Replies to each question.
    var votes = 1
    /// 0 is greedy.
    var temperature = 0.0
    var seed = 0

    init(_ question: ModelQuestion) {
        maximumTokens = question.maxTokens
        votes = question.votes
        guard votes > 1 else { return }
        temperature = question.temperature ?? 0
        seed = question.seed ?? 0
    }
}

/// A model that is asked for verdicts, wherever it is.
protocol JudgingModel {
    /// The replies to each question, in the questions' order. Each question is a conversation of its own.
    func replies(to questions: [String], _ options: ReplyOptions) throws -> [[JudgingReply]]
}

/// The judging model that is a stage's input: all questions in one run, which is what a checkpoint is of.
struct LocalJudgingModel: JudgingModel {
    let context: StageContext

    func replies(to questions: [String], _ options: ReplyOptions) throws -> [[JudgingReply]] {
        let folder = context.modelFolder("judge")
        let encoder = try folder.prompts(.query)
        var prompts: [GenerationPrompt] = []
        for (index, question) in questions.enumerated() {
            let row = Row(id: "question \(index + 1)", query: question, answers: [])
            prompts.append(GenerationPrompt(try encoder.promptTokens(of: row, functions: [:])))
        }
        let generation = GenerationOptions(
            maximumTokens: options.maximumTokens, stopTokens: Set(encoder.endTokens), temperature: options.temperature,
            samples: options.votes, seed: UInt64(bitPattern: Int64(options.seed)))
        let count = prompts.count * options.votes
        return try Generator(context.unpaddedInferenceModel("judge"), workers: context.workers)
            .generate(prompts, options: generation, checkpoint: context.resultCheckpoint(of: count, unit: "verdict"))
            .map { JudgingReply(text: $0.text(with: encoder.tokenizer), isWhole: $0.isFinished) }
            .divided(by: options.votes)
    }
}

/// A judging model behind a server, whose exchanges are recorded beside the verdicts.
struct EndpointJudgingModel: JudgingModel {
    let context: StageContext
    let model: String

    func replies(to questions: [String], _ options: ReplyOptions) throws -> [[JudgingReply]] {
        let asked = questions.flatMap { question in
            (0..<options.votes).map { vote in
                ChatQuestion(
                    model: model, messages: [["role": "user", "content": .string(question)]], tools: ChatTools([]),
                    temperature: options.temperature, maxTokens: options.maximumTokens,
                    // 31 bits, which every server accepts.
                    seed: (options.seed &+ vote) & 0x7FFF_FFFF)
            }
        }
        let exchanges = try context.answers(to: asked)
        try context.write(exchanges: exchanges)
        return exchanges.map { exchange in
            let message = exchange.answer["choices"]?[0]?["message"]
            let reasoning = message?["reasoning_content"]?.string ?? message?["reasoning"]?.string
            return JudgingReply(
                text: message?["content"]?.string ?? "", isWhole: ChatAnswer(exchange.answer).isWhole, reasoning: reasoning)
        }.divided(by: options.votes)
    }
}

extension Array {
    /// Parts of one length, in their order.
    fileprivate func divided(by length: Int) -> [[Element]] {
        stride(from: 0, to: count, by: Swift.max(1, length)).map { Array(self[$0..<Swift.min($0 + length, count)]) }
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
