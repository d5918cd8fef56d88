import CanonicalJSON
import Engine
import Planner

extension Judge: RunnableStage {
    package func run(in context: StageContext) throws {
        let functions = try context.readFunctions("data")
        let rows = Dictionary(uniqueKeysWithValues: try context.readRows("data", "train.jsonl").map { ($0.id, $0) })
        let rollouts = try context.readLines("rollouts", "rollouts.jsonl").map { rollout in
            guard let id = rollout["id"]?.string, let response = rollout["response"]?.string, let row = rows[id] else {
                throw StageFailure("rollouts/rollouts.jsonl has a rollout of no training row: \(rollout.canonicalText)")
            }
            let judged = JudgedResponse(row: row, response: response, format: answer)
            return (response: judged, ends: rollout["ended"] != false)
        }
        let judging = try context.judging(
            rollouts.filter(\.ends).map(\.response), kind: kind, question: question, functions: functions)
        var verdicts = judging.verdicts.makeIterator()
        var sampling = RejectionSampling(keep: keep)
        for (response, ends) in rollouts {
            let verdict = (ends ? verdicts.next() : nil) ?? .rejected("the response does not end")
            sampling.add(response.row.id, response.response, Self.teachable(response, verdict))
        }
        guard !sampling.accepted.isEmpty else {
            throw StageFailure(
                "the judge accepts none of the \(sampling.rejected.count) rollouts; train the teacher longer; the first was "
                    + "rejected because: \(sampling.rejected.first?["reason"]?.string ?? "there is none")")
        }
        try write(sampling, judging, rows: rows.count, in: context)
    }

    /// A response that calls nothing, as is wanted, is right in any form; to be learned it must be the empty list of calls.
    private static func teachable(_ judged: JudgedResponse, _ verdict: Verdict) -> Verdict {
        guard verdict.isAccepted, judged.row.answers.isEmpty, case .failure(let error) = judged.parsed else { return verdict }
        return .rejected(error.description)
    }

    private func write(_ sampling: RejectionSampling, _ judging: Judging, rows: Int, in context: StageContext) throws {
        try context.write(lines: sampling.accepted, to: "accepted.jsonl")
        try context.write(lines: sampling.rejected, to: "rejected.jsonl")
        try context.write(lines: sampling.surplus, to: "surplus.jsonl")
        if let transcript = judging.transcript { try context.write(lines: transcript, to: "verdicts.jsonl") }
        var summary: [String: JSON] = [
            "accepted": .integer(Int64(sampling.accepted.count)), "rejected": .integer(Int64(sampling.rejected.count)),
            "surplus": .integer(Int64(sampling.surplus.count)), "rows": .integer(Int64(rows)),
            "rows_answered": .integer(Int64(sampling.answeredRows)),
        ]
        if let agreement = judging.agreement(over: judging.verdicts.indices) { summary["agreement"] = agreement }
        try context.write(.object(summary), to: "summary.json")
    }
}
