import CanonicalJSON
import Engine
import Planner

extension Judge: RunnableStage {
    public var limitation: String? { AnswerJudge.limitation(kind) }

    public func run(in context: StageContext) throws {
        let functions = try context.readFunctions("data")
        let rows = Dictionary(uniqueKeysWithValues: try context.readRows("data", "train.jsonl").map { ($0.id, $0) })
        let judge = try AnswerJudge(kind)
        var accepted: [JSON] = []
        var rejected: [JSON] = []
        var kept: [String: Set<String>] = [:]
        var merged = 0
        for rollout in try context.readLines("rollouts", "rollouts.jsonl") {
            guard let id = rollout["id"]?.string, let response = rollout["response"]?.string, let row = rows[id] else {
                throw StageFailure("rollouts/rollouts.jsonl has a rollout of no training row: \(rollout.canonicalText)")
            }
            let verdict: Verdict =
                rollout["ended"] == false
                ? .rejected("the response does not end")
                : judge.verdict(on: response, format: AnswerFormat(answer), for: row, functions: functions)
            switch verdict {
            case .accepted where kept[id]?.contains(response) == true || kept[id, default: []].count >= keep:
                merged += 1
            case .accepted:
                kept[id, default: []].insert(response)
                accepted.append(["id": .string(id), "response": .string(response)])
            case .rejected(let reason):
                rejected.append(["id": .string(id), "response": .string(response), "reason": .string(reason)])
            }
        }
        guard !accepted.isEmpty else {
            throw StageFailure("the judge accepts none of the \(rejected.count) rollouts; train the teacher longer")
        }
        try context.write(lines: accepted, to: "accepted.jsonl")
        try context.write(lines: rejected, to: "rejected.jsonl")
        try context.write(
            [
                "accepted": .integer(Int64(accepted.count)), "rejected": .integer(Int64(rejected.count)),
                "surplus": .integer(Int64(merged)), "rows": .integer(Int64(rows.count)),
                "rows_answered": .integer(Int64(kept.count)),
            ], to: "summary.json")
    }
}

extension AnswerJudge {
    init(_ kind: JudgeKind) throws(StageFailure) {
        switch kind {
        case .ast: self = .ast
        case .exact: self = .exact
        case .model: throw StageFailure("a judging model is not in this version yet")
        }
    }
}

extension AnswerJudge {
    /// What of judging this version cannot do yet.
    static func limitation(_ kind: JudgeKind) -> String? {
        kind == .model ? "a judging model is not in this version yet" : nil
    }
}

extension PromptFormat {
    init(_ style: PromptStyle) {
        switch style {
        case .query: self = .query
        case .tools: self = .tools
        }
    }
}
