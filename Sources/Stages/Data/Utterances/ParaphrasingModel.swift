import BuildModel
import CanonicalJSON
import Engine
import Kinds
import Words

/// A model that says questions in other words, at hand or behind a server.
struct ParaphrasingModel {
    let kind: DataParaphrase
    let context: StageContext
    /// With the server, so far.
    private(set) var exchanges: [ChatExchange] = []

    init(kind: DataParaphrase, context: StageContext) { (self.kind, self.context) = (kind, context) }

    static let standardPrompt = """
        Say this in other words, as another person would say it. Keep names, numbers and what is asked for. Write one sentence \
        and nothing else.

        {query}
        """
    private static let verdictTokens = 8

    /// Several for each question.
    mutating func paraphrases(of queries: [String]) throws -> [[JudgingReply]] {
        guard kind.endpoint == nil else {
            return try ask(chatQuestions(queries)).chunked(kind.count)
        }
        var options = GenerationOptions(
            maximumTokens: kind.maxTokens, stopTokens: [], temperature: kind.temperature,
            seed: UInt64(bitPattern: Int64(kind.seed)))
        options.samples = kind.count
        return try generate(queries.map(question), options, in: context, unit: "paraphrase").chunked(kind.count)
    }

    /// Whether two texts ask for the same, in the model's own word; `nil` where that is no verdict.
    mutating func verdicts(on pairs: [(String, String)]) throws -> [ModelVerdict?] {
        let questions = pairs.map { asked, said in
            "A: \(asked)\nB: \(said)\n\nDoes B ask for the same as A? Reply with one word, yes or no."
        }
        let replies: [JudgingReply]
        if let model = kind.endpoint?.model {
            replies = try ask(
                questions.map { chatQuestion($0, model: model, temperature: 0, tokens: Self.verdictTokens, seed: 0) })
        } else {
            let options = GenerationOptions(maximumTokens: Self.verdictTokens, stopTokens: [])
            replies = try generate(questions, options, in: context.withoutCheckpoint(), unit: "verdict")
        }
        return replies.map(ModelVerdict.init)
    }

    /// What a server is asked, the paraphrases of a question one after the other. A seed depends on the question alone.
    func chatQuestions(_ queries: [String]) -> [ChatQuestion] {
        guard let model = kind.endpoint?.model else { return [] }
        return queries.flatMap { query in
            (0..<kind.count).map { number in
                let seed =
                    Digest(hashing: "data.paraphrase/\(kind.seed)/\(number)/\(query)").bytes
                    .prefix(4).reduce(0) { $0 << 8 | Int($1) } & 0x7FFF_FFFF
                return chatQuestion(
                    question(query), model: model, temperature: kind.temperature, tokens: kind.maxTokens, seed: seed)
            }
        }
    }

    private func question(_ query: String) -> String {
        (kind.prompt.isEmpty ? Self.standardPrompt : kind.prompt).replacing("{query}", with: query, maxReplacements: 1)
    }

    private func chatQuestion(_ text: String, model: String, temperature: Double, tokens: Int, seed: Int) -> ChatQuestion {
        ChatQuestion(
            model: model, messages: [["role": "user", "content": .string(text)]], tools: ChatTools([]),
            temperature: temperature, maxTokens: tokens, seed: seed)
    }

    private mutating func ask(_ questions: [ChatQuestion]) throws -> [JudgingReply] {
        let answers = try context.answers(to: questions)
        exchanges += answers
        return answers.map { exchange in
            let text = exchange.answer["choices"]?[0]?["message"]?["content"]?.string
            return JudgingReply(text: text ?? "", isWhole: ChatAnswer(exchange.answer).isWhole)
        }
    }

    /// - Parameter options: its stop tokens are the model's own.
    private func generate(
        _ questions: [String], _ options: GenerationOptions, in context: StageContext, unit: String
    ) throws -> [JudgingReply] {
        guard context.hasInput("model") else {
            throw StageFailure("data.paraphrase has no model: give the stage the input 'model', or an endpoint")
        }
        let encoder = try context.modelFolder("model").prompts(.query)
        let prompts = try questions.enumerated().map { index, question in
            GenerationPrompt(
                try encoder.promptTokens(of: Row(id: "question \(index + 1)", query: question, answers: []), functions: [:]))
        }
        var options = options
        options.stopTokens = Set(encoder.endTokens)
        return try Generator(context.unpaddedInferenceModel("model"), workers: context.workers)
            .generate(
                prompts, options: options, checkpoint: context.resultCheckpoint(of: prompts.count * options.samples, unit: unit)
            )
            .map { JudgingReply(text: $0.text(with: encoder.tokenizer), isWhole: $0.isFinished) }
    }
}

extension Array {
    /// Parts of equal length, in order.
    fileprivate func chunked(_ length: Int) -> [[Element]] {
        stride(from: 0, to: count, by: length).map { Array(self[$0..<Swift.min($0 + length, count)]) }
    }
}
