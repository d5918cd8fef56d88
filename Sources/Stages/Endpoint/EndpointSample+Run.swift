import BuildModel
import CanonicalJSON
import Engine
import Foundation
import Kinds
import Words

extension EndpointSample: QuestioningStage {
    package static let artifact: [Output] = [.file(Rollout.file), .file(StageContext.exchanges)]

    package func run(in context: StageContext) throws {
        let rows = try context.answeredRows(self.rows, of: set)
        let readsCalls = try context.readTaskDescription().kind == .calls
        let exchanges = try context.answers(to: questions(about: rows, in: context))
        try context.write(
            exchanges.enumerated().map { index, exchange in
                let said = ChatAnswer(exchange.answer, readsCalls: readsCalls)
                return Rollout(
                    row: rows[index / samples].id, sample: index % samples, response: said.response(in: answer),
                    hasEnded: said.isWhole, reasoning: said.reasoning)
            }, to: Rollout.file)
        try context.write(exchanges: exchanges)
    }

    /// For every row its samples, one after the other.
    package func questions(in context: StageContext) throws -> [ChatQuestion] {
        try questions(about: context.answeredRows(rows, of: set), in: context)
    }

    private func questions(about rows: [Row], in context: StageContext) throws -> [ChatQuestion] {
        var asking = try RowQuestions(of: endpoint.model, maxTokens: maxTokens, in: context)
        var questions: [ChatQuestion] = []
        for row in rows {
            for sample in 0..<samples {
                questions.append(
                    try asking.question(about: row, temperature: temperature, seed: seed(for: row, sample: sample)))
            }
        }
        return questions
    }

    /// Depends on the query alone, not on its row's place or id, so that recorded answers stay valid. 31 bits, which every
    /// server accepts.
    private func seed(for row: Row, sample: Int) -> Int {
        let bytes = Digest(hashing: "endpoint.sample/\(seed)/\(sample)/\(row.query)").bytes
        return bytes.prefix(4).reduce(0) { $0 << 8 | Int($1) } & 0x7FFF_FFFF
    }
}
