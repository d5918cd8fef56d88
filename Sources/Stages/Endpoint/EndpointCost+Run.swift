import CanonicalJSON
import Kinds

extension EndpointCost: RunnableStage {
    static let price = File<JSON>("price.json")
    package static let artifact: [Output] = [.figures(EvalCost.cost), .figures(price)]

    package func run(in context: StageContext) throws {
        let sets = try DataFiles.sets(in: context.input("answers"))
        let answers = try sets.map { (set: $0, tokens: try context.read(EvalGenerate.tokens(of: $0), from: "answers")) }
        let costs = Dictionary(uniqueKeysWithValues: answers.map { ($0.set, figures(of: $0.tokens)) })
        try context.write(["sets": .object(costs.mapValues { .object($0) })], to: EvalCost.cost)
        var all = figures(of: answers.flatMap(\.tokens))
        all["sets"] = .object(costs.mapValues { .object($0) })
        try context.write(.object(all), to: Self.price)
    }

    /// The number of answers, and means over them; unknown where the server did not count the tokens of each.
    private func figures(of answers: [AnswerTokens]) -> [String: JSON] {
        var figures: [String: JSON] = [
            "answers": .count(answers.count), "prompt_tokens": .null, "response_tokens": .null, "price": .null,
        ]
        // Every prompt has tokens.
        guard !answers.isEmpty, answers.allSatisfy({ $0.prompt > 0 }) else { return figures }
        let count = Double(answers.count)
        let prompt = answers.reduce(0) { $0 + Double($1.prompt) } / count
        let response = answers.reduce(0) { $0 + Double($1.response) } / count
        figures["prompt_tokens"] = .number(prompt)
        figures["response_tokens"] = .number(response)
        if promptPrice + answerPrice > 0 {
            figures["price"] = .number((prompt * promptPrice + response * answerPrice) / 1e6)
        }
        return figures
    }
}
