import CanonicalJSON
import Engine
import Foundation
import Kinds

extension BenchQueries: RunnableStage {
    static let queries = File<JSON>("queries.json")
    package static let artifact: [Output] = [.figures(queries)]

    package func run(in context: StageContext) throws {
        let asked = Array(try context.readEvaluatedRows(of: rowSet).prefix(rows))
        guard !asked.isEmpty else { throw StageFailure("the set '\(rowSet)' has no rows to ask") }
        let answer = try answering(asked, in: context)
        // A first run, outside the rounds, does what is done only once.
        try answer()
        var speeds: [Double] = []
        for round in 1...max(rounds, 1) {
            let time = try ContinuousClock().measure { try answer() }
            speeds.append(Double(asked.count) / max(time / .seconds(1), 1e-9))
            context.report(.init(done: round, total: rounds, unit: "round"))
        }
        try context.write(
            [
                "queries_per_second": .number(speeds.max() ?? 0), "rounds": .array(speeds.map(JSON.number)),
                "rows": .count(asked.count), "threads": .count(context.workers.threads),
            ],
            to: Self.queries)
    }

    /// What answers all rows once, whatever kind of model it is.
    private func answering(_ rows: [Row], in context: StageContext) throws -> () throws -> Void {
        if FrameTagger.isTagger("model", in: context) {
            let tagger = try FrameTagger("model", in: context)
            return { _ = try tagger.answers(to: rows) }
        }
        let reader = try context.responseRows(prompt, answer)
        let prompts = try reader.prompts(of: rows, constrained: false)
        let options = GenerationOptions(maximumTokens: maxTokens, stopTokens: Set(reader.prompts.endTokens))
        let generator = try Generator(context.unpaddedInferenceModel("model"), workers: context.workers)
        return { _ = try generator.generate(prompts, options: options) }
    }
}
