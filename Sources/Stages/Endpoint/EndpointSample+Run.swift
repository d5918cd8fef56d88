import BuildModel
import CanonicalJSON
import Engine
import Planner
import Words

extension EndpointSample: QuestioningStage {
    package func run(in context: StageContext) throws {
        let rows = try context.readRows("data", "train.jsonl")
        let exchanges = try context.answers(to: questions(in: context))
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
    package func questions(in context: StageContext) throws -> [ChatQuestion] {
        let functions = try context.readFunctions("data")
        var tools: [Set<String>: ChatTools] = [:]
        var questions: [ChatQuestion] = []
        for row in try context.readRows("data", "train.jsonl") {
            try row.checkThatItAsks()
            let shared = row.definitions == nil ? tools[Set(row.functions)] : nil
            let known = try shared ?? Self.tools(of: row, functions)
            if row.definitions == nil { tools[Set(row.functions)] = known }
            for sample in 0..<samples {
                questions.append(
                    ChatQuestion(
                        model: endpoint.model, messages: .array(row.chat.map(\.json)), tools: known,
                        temperature: temperature, maxTokens: maxTokens, seed: seed(for: row, sample: sample)))
            }
        }
        return questions
    }

    /// The functions that the row lists, all where it lists none; by name, so that prompts have as much in common as they can,
    /// which servers that keep prompts are faster and cheaper with.
    private static func tools(of row: Row, _ functions: [String: FunctionDefinition]) throws(RowError) -> ChatTools {
        let listsAll = row.functions.isEmpty && row.definitions == nil
        let listed = listsAll ? Array(functions.values) : try PromptStyle.definitions(of: row, functions)
        return ChatTools(listed.sorted { $0.name < $1.name }.map(\.chatTool))
    }

    /// Of a query, wherever its row stands and whatever it is called: what was asked about it stays asked. 31 bits, which every
    /// server takes.
    private func seed(for row: Row, sample: Int) -> Int {
        let bytes = Digest(hashing: "endpoint.sample/\(seed)/\(sample)/\(row.query)").bytes
        return bytes.prefix(4).reduce(0) { $0 << 8 | Int($1) } & 0x7FFF_FFFF
    }
}
