import CanonicalJSON
import Engine
import Planner
import Words

extension EvalScore: RunnableStage {
    package func run(in context: StageContext) throws {
        let functions = try context.readFunctions("data")
        let answers = try sets.map { try readAnswers(to: $0, in: context) }
        // All sets in one run, which is what a judging model's checkpoint is of.
        let judging = try context.judging(
            answers.joined().map(\.judged), kind: judge, question: question, functions: functions)
        var scores: [String: JSON] = [:]
        var confusions: [String: JSON] = [:]
        var failures: [JSON] = []
        var start = 0
        for (set, answers) in zip(sets, answers) {
            let range = start..<start + answers.count
            var results = SetResults(set: set)
            for (answer, verdict) in zip(answers, judging.verdicts[range]) {
                results.add(answer.judged, verdict, responseTokens: answer.tokens, functions: functions)
            }
            scores[set] = results.scores(agreement: judging.agreement(over: range))
            confusions[set] = results.confusion.json
            failures += results.failures
            start = range.upperBound
        }
        try context.write(["sets": .object(scores)], to: "scores.json")
        try context.write(["sets": .object(confusions)], to: "confusion.json")
        try context.write(lines: failures, to: "failures.jsonl")
        if let transcript = judging.transcript { try context.write(lines: transcript, to: "verdicts.jsonl") }
    }

    private func readAnswers(to set: String, in context: StageContext) throws -> [(judged: JudgedResponse, tokens: Int)] {
        let rows = Dictionary(uniqueKeysWithValues: try context.readRows("data", "\(set).jsonl").map { ($0.id, $0) })
        return try context.readLines("answers", "\(set).jsonl").map { answer in
            guard let id = answer["id"]?.string, let row = rows[id], let response = answer["response"]?.string,
                let tokens = answer["response_tokens"]?.integer
            else { throw StageFailure("answers/\(set).jsonl has an answer of no row of the set: \(answer.canonicalText)") }
            return (JudgedResponse(row: row, response: response, format: self.answer), tokens)
        }
    }
}

/// What a set's answers come to.
private struct SetResults {
    let set: String
    private var tally = AnswerScores()
    private(set) var confusion = FunctionConfusion()
    private(set) var failures: [JSON] = []

    init(set: String) { self.set = set }

    mutating func add(
        _ judged: JudgedResponse, _ verdict: Verdict, responseTokens: Int, functions: [String: FunctionDefinition]
    ) {
        let (row, response) = (judged.row, judged.response)
        let isExact = judged.verdict(by: .exact, functions: functions).isAccepted
        tally.add(
            wantsCall: !row.answers.isEmpty, isAccepted: verdict.isAccepted, isExact: isExact, responseTokens: responseTokens)
        confusion.add(
            wanted: row.answers.map(\.name), called: judged.calls?.map(\.name),
            isAccepted: verdict.isAccepted, isExact: isExact)
        guard case .rejected(let reason) = verdict else { return }
        failures.append([
            "set": .string(set), "id": .string(row.id), "query": .string(row.query), "response": .string(response),
            "wanted": .string(PromptStyle.response(to: row)), "reason": .string(reason),
        ])
    }

    func scores(agreement: JSON?) -> JSON {
        guard let agreement, case .object(let members) = tally.json else { return tally.json }
        return .object(members.merging(["agreement": agreement]) { $1 })
    }
}
