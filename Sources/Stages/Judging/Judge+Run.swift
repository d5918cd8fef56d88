import CanonicalJSON
import Engine
import Kinds

extension Judge: RunnableStage {
    static let accepted = File<[SortedResponse]>("accepted.jsonl")
    static let rejected = File<[SortedResponse]>("rejected.jsonl")
    private static let surplus = File<[SortedResponse]>("surplus.jsonl")
    private static let summary = File<JSON>("summary.json")
    package static let artifact: [Output] = [
        .file(accepted), .file(rejected), .file(surplus), .figures(summary),
        .file(JudgeVerdicts.transcriptFile, isOptional: true),
    ]

    package func run(in context: StageContext) throws {
        let task = try context.readTask()
        let asked = try context.read(DataFiles.set(set.rawValue), from: "data")
        let rows = Dictionary(uniqueKeysWithValues: asked.map { ($0.id, $0) })
        let noun = set == .train ? "training row" : "row of '\(set.rawValue)'"
        let answers = try context.numberedInputs("rollouts").flatMap { try context.read(Rollout.file, from: $0) }
        let rollouts = try answers.map { rollout in
            guard let row = rows[rollout.row] else {
                throw StageFailure(
                    "rollouts/\(Rollout.file.name) has a rollout of no \(noun): \(rollout.line.canonicalText)")
            }
            let judged = JudgedResponse(row: row, response: rollout.response, format: answer, fault: rollout.fault)
            return (response: judged, rollout: rollout)
        }
        let judging = try context.judging(rollouts.filter(\.rollout.hasEnded).map(\.response), by: self, task)
        var verdicts = judging.verdicts.makeIterator()
        var sampling = RejectionSampling(keep: keep)
        for (response, rollout) in rollouts {
            let verdict = (rollout.hasEnded ? verdicts.next() : nil) ?? .rejected("the response does not end")
            sampling.add(rollout, Self.teachable(response, verdict, task))
        }
        guard !sampling.accepted.isEmpty else {
            throw StageFailure(
                "the judge accepts none of the \(sampling.rejected.count) rollouts; train the teacher longer; the first was "
                    + "rejected because: \(sampling.rejected.first?.reason ?? "there is none")")
        }
        try write(sampling, judging, rows: rows.count, in: context)
    }

    /// What is right may still be no example to learn from.
    private static func teachable(_ judged: JudgedResponse, _ verdict: Verdict, _ task: any AnswerTask) -> Verdict {
        guard verdict.isAccepted, let answer = judged.answer else { return verdict }
        let row = judged.row
        let fault = row.isUnlabelled ? task.fault(inReference: answer, to: row) : task.fault(inRight: answer, to: row)
        return fault.map(Verdict.rejected) ?? verdict
    }

    private func write(_ sampling: RejectionSampling, _ judging: JudgeVerdicts, rows: Int, in context: StageContext) throws {
        try context.write(sampling.accepted, to: Self.accepted)
        try context.write(sampling.rejected, to: Self.rejected)
        try context.write(sampling.surplus, to: Self.surplus)
        if let transcript = judging.transcript { try context.write(transcript, to: JudgeVerdicts.transcriptFile) }
        var summary: [String: JSON] = [
            "accepted": .count(sampling.accepted.count), "rejected": .count(sampling.rejected.count),
            "surplus": .count(sampling.surplus.count), "rows": .count(rows),
            "rows_answered": .count(sampling.answeredRows),
        ]
        if let agreement = judging.agreement(over: judging.verdicts.indices) { summary["agreement"] = agreement }
        try context.write(.object(summary), to: Self.summary)
    }
}

/// Sorts rollouts: of each row's accepted responses the first distinct ones are kept; the others go with the reason.
struct RejectionSampling {
    /// Distinct accepted responses kept per row.
    let keep: Int
    private(set) var accepted: [SortedResponse] = []
    private(set) var rejected: [SortedResponse] = []
    /// Accepted, but equal to a kept response or more than are kept.
    private(set) var surplus: [SortedResponse] = []
    private var kept: [String: Set<String>] = [:]

    init(keep: Int) { self.keep = keep }

    /// Rows with a kept response.
    var answeredRows: Int { kept.count }

    mutating func add(_ rollout: Rollout, _ verdict: Verdict) {
        let (id, response) = (rollout.row, rollout.response)
        func because(_ reason: String?) -> SortedResponse {
            SortedResponse(row: id, response: response, reason: reason, native: rollout.native)
        }
        switch verdict {
        case .rejected(let reason): rejected.append(because(reason))
        case .accepted where kept[id]?.contains(response) == true:
            surplus.append(because("equal to a response that is kept"))
        case .accepted where kept[id, default: []].count >= keep:
            surplus.append(because("\(keep) of the row's responses \(keep == 1 ? "is" : "are") kept already"))
        case .accepted:
            kept[id, default: []].insert(response)
            accepted.append(because(nil))
        }
    }
}
