import CanonicalJSON
import Engine
import Planner

extension EvalScore: RunnableStage {
    public var limitation: String? { AnswerJudge.limitation(judge) }

    public func run(in context: StageContext) throws {
        let functions = try context.readFunctions("data")
        let judge = try AnswerJudge(judge)
        let format = AnswerFormat(answer)
        var scores: [String: JSON] = [:]
        var failures: [JSON] = []
        for set in sets {
            let rows = Dictionary(uniqueKeysWithValues: try context.readRows("data", "\(set).jsonl").map { ($0.id, $0) })
            var tally = AnswerScores()
            for answer in try context.readLines("answers", "\(set).jsonl") {
                guard let id = answer["id"]?.string, let row = rows[id], let response = answer["response"]?.string,
                    let tokens = answer["response_tokens"]?.integer
                else { throw StageFailure("answers/\(set).jsonl has an answer of no row of the set: \(answer.canonicalText)") }
                let verdict = judge.verdict(on: response, format: format, for: row, functions: functions)
                let isExact =
                    AnswerJudge.exact.verdict(on: response, format: format, for: row, functions: functions).isAccepted
                tally.add(
                    wantsCall: !row.answers.isEmpty, isAccepted: verdict.isAccepted, isExact: isExact, responseTokens: tokens)
                if case .rejected(let reason) = verdict {
                    failures.append([
                        "set": .string(set), "id": .string(id), "query": .string(row.query), "response": .string(response),
                        "wanted": .string(PromptFormat.response(to: row)), "reason": .string(reason),
                    ])
                }
            }
            scores[set] = tally.json
        }
        try context.write(["sets": .object(scores)], to: "scores.json")
        try context.write(lines: failures, to: "failures.jsonl")
    }
}
