import BuildModel
import CanonicalJSON
import Engine
import Kinds

extension EndpointGenerate: QuestioningStage {
    package static let artifact: [Output] = [.sets, .file(StageContext.exchanges)]

    package func run(in context: StageContext) throws {
        let readsCalls = try context.readTaskDescription().kind == .calls
        let rows = try sets.map(context.readEvaluatedRows)
        let exchanges = try context.answers(to: questions(about: Array(rows.joined()), in: context))
        var start = 0
        for (set, rows) in zip(sets, rows) {
            let answers = zip(rows, exchanges[start...]).map { Answer(to: $0, $1, readsCalls: readsCalls) }
            try context.write(answers, to: EvalGenerate.answers(to: set))
            start += rows.count
        }
        let uncounted = exchanges.count { $0.usage == nil }
        if uncounted > 0 { context.log("the server counted no tokens of \(uncounted) of \(exchanges.count) answers") }
        try context.write(exchanges: exchanges)
    }

    /// Greedy: what is asked follows from the rows alone.
    package func questions(in context: StageContext) throws -> [ChatQuestion] {
        try questions(about: sets.flatMap(context.readEvaluatedRows), in: context)
    }

    private func questions(about rows: [Row], in context: StageContext) throws -> [ChatQuestion] {
        var asking = try RowQuestions(of: endpoint.model, maxTokens: maxTokens, in: context)
        return try rows.map { try asking.question(about: $0, temperature: 0, seed: 0) }
    }
}

extension Answer {
    /// A server's answer to a row.
    fileprivate init(to row: Row, _ exchange: ChatExchange, readsCalls: Bool) {
        let said = ChatAnswer(exchange.answer, readsCalls: readsCalls)
        let tokens = exchange.usage ?? (0, 0)
        self.init(
            row: row.id, response: said.response, tokens: AnswerTokens(prompt: tokens.prompt, response: tokens.answer),
            hasEnded: said.isWhole, reasoning: said.reasoning)
    }
}
