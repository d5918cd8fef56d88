import BuildModel
import CanonicalJSON
import Engine
import Planner

extension EndpointSample: RunnableStage {
    public func run(in context: StageContext) throws {
        let rows = try context.readRows("data", "train.jsonl")
        let questions = try questions(about: rows, functions: try context.readFunctions("data"))
        let exchanges = try context.answers(to: questions)
        try context.write(
            lines: exchanges.enumerated().map { index, exchange in
                let answer = ChatAnswer(exchange.answer)
                return [
                    "id": .string(rows[index / samples].id), "sample": .integer(Int64(index % samples)),
                    "response": .string(answer.response), "ended": .bool(answer.isWhole),
                ]
            }, to: "rollouts.jsonl")
        try context.write(exchanges: exchanges)
    }

    /// For every row its samples, one after the other.
    func questions(about rows: [Row], functions: [String: FunctionDefinition]) throws(RowError) -> [ChatQuestion] {
        var tools: [[String]: ChatTools] = [:]
        var questions: [ChatQuestion] = []
        for row in rows {
            let known = try tools[row.functions] ?? Self.tools(of: row, functions)
            tools[row.functions] = known
            for sample in 0..<samples {
                questions.append(
                    ChatQuestion(
                        model: endpoint.model, messages: [["role": "user", "content": .string(row.query)]], tools: known,
                        temperature: temperature, maxTokens: maxTokens, seed: seed(for: row, sample: sample)))
            }
        }
        return questions
    }

    /// The functions that the row lists, all where it lists none.
    private static func tools(of row: Row, _ functions: [String: FunctionDefinition]) throws(RowError) -> ChatTools {
        guard !row.functions.isEmpty else { return ChatTools(functions.values.sorted { $0.name < $1.name }.map(\.chatTool)) }
        return ChatTools(try PromptFormat.definitions(of: row, functions).map(\.chatTool))
    }

    /// Of a query, wherever its row stands and whatever it is called: what was asked about it stays asked. 31 bits, which every
    /// server takes.
    private func seed(for row: Row, sample: Int) -> Int {
        let bytes = Digest(hashing: "endpoint.sample/\(seed)/\(sample)/\(row.query)").bytes
        return bytes.prefix(4).reduce(0) { $0 << 8 | Int($1) } & 0x7FFF_FFFF
    }
}
