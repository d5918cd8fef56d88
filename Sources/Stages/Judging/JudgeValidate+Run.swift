import CanonicalJSON
import Engine
import Kinds

extension JudgeValidate: RunnableStage {
    static let validation = File<JSON>("validation.json")
    private static let disagreements = File<[JSON]>("disagreements.jsonl")
    package static let artifact: [Output] = [
        .figures(validation, as: .validation), .file(disagreements), .file(JudgeVerdicts.transcriptFile, isOptional: true),
    ]

    package func run(in context: StageContext) throws {
        let task = try context.readTask()
        let labels = try LabelledAnswers(in: context, input: "labels", answer)
        if labels.unlabelled > 0 { context.log("labels: \(labels.unlabelled) records without a label are left out") }
        let judging = try context.judging(labels.answers.map(\.judged), by: self, task)
        var tally = LabelTally()
        for (label, verdict) in zip(labels.answers, judging.verdicts) { tally.add(label, verdict) }
        let notUnderstood = judging.isUnderstood.count { !$0 }
        try context.write(tally.json(unlabelled: labels.unlabelled, notUnderstood: notUnderstood), to: Self.validation)
        try context.write(tally.disagreements, to: Self.disagreements)
        if let transcript = judging.transcript { try context.write(transcript, to: JudgeVerdicts.transcriptFile) }
    }
}

/// What a judge says beside what people say.
private struct LabelTally {
    /// People come first.
    private var counts = AgreementCounts()
    /// By the people's reason; people who accept give none.
    private var reasons: [String: (accepted: Int, rejected: Int)] = [:]
    private(set) var disagreements: [JSON] = []

    private static let withoutReason = "no reason given"

    mutating func add(_ label: LabelledAnswer, _ verdict: Verdict) {
        counts.add(label.isAccepted, verdict.isAccepted)
        if !label.isAccepted || label.reason != nil {
            let reason = label.reason ?? Self.withoutReason
            reasons[reason, default: (0, 0)].accepted += verdict.isAccepted ? 1 : 0
            reasons[reason, default: (0, 0)].rejected += verdict.isAccepted ? 0 : 1
        }
        guard label.isAccepted != verdict.isAccepted else { return }
        var line: [String: JSON] = [
            "id": .string(label.judged.row.id), "query": .string(label.judged.row.query),
            "response": .string(label.judged.response), "people": .string(label.isAccepted ? "yes" : "no"),
            "judge": .string(verdict.isAccepted ? "yes" : "no"),
        ]
        line["people_reason"] = label.reason.map(JSON.string)
        if case .rejected(let reason) = verdict { line["judge_reason"] = .string(reason) }
        disagreements.append(.object(line))
    }

    func json(unlabelled: Int, notUnderstood: Int) -> JSON {
        [
            "labels": .count(counts.compared), "unlabelled": .count(unlabelled), "agreeing": .count(counts.agreeing),
            "agreement": counts.share.map(JSON.number) ?? .null, "kappa": counts.kappa.map(JSON.number) ?? .null,
            "both_accept": .count(counts.bothAccept), "both_reject": .count(counts.bothReject),
            "accepted_by_judge_alone": .count(counts.secondAlone), "accepted_by_people_alone": .count(counts.firstAlone),
            "not_understood": .count(notUnderstood),
            "reasons": .object(
                reasons.mapValues { counts -> JSON in
                    ["accepted": .count(counts.accepted), "rejected": .count(counts.rejected)]
                }),
        ]
    }
}

extension JudgeGate: RunnableStage {
    private static let gate = File<JSON>("gate.json")
    package static let artifact: [Output] = [.figures(gate)]

    package func run(in context: StageContext) throws {
        let figures = try context.read(JudgeValidate.validation, from: "validation")
        let shown = ValidationText(figures)
        guard let share = figures["agreement"]?.double else {
            throw StageFailure("validation/\(JudgeValidate.validation.name) has no 'agreement'")
        }
        guard share >= agreement else {
            let wanted = Metric.Format.share.text(agreement)
            throw StageFailure("\(shown.summary); the recipe wants \(wanted)%. \(shown.worstReason)")
        }
        if let minimum = kappa, (figures["kappa"]?.double ?? -1) < minimum {
            throw StageFailure("\(shown.summary); the recipe wants a κ of \(minimum). \(shown.worstReason)")
        }
        var passed: [String: JSON] = ["agreement": .number(agreement)]
        passed["kappa"] = kappa.map(JSON.number)
        try context.write(.object(passed), to: Self.gate)
    }
}

/// A validation for people.
struct ValidationText {
    private let figures: JSON

    init(_ figures: JSON) { self.figures = figures }

    /// `the judge agrees with 93.0% of 200 labels (κ 0.812)`
    var summary: String {
        let kappa = figures["kappa"]?.double.map { Metric.Format.decimal($0, places: 3) } ?? "not defined"
        let share = ReportTable.percentage(figures["agreement"]?.double)
        return "the judge agrees with \(share)% of \(count("labels")) labels (κ \(kappa))"
    }

    /// For what reason of people's the judge most often accepts what they reject.
    var worstReason: String {
        let reasons = (figures["reasons"] ?? [:]).sortedMembers.map { ($0.key, $0.value["accepted"]?.integer ?? 0) }
        let accepted = "It accepts \(count("accepted_by_judge_alone")) answers that people reject"
        guard let worst = reasons.max(by: { $0.1 < $1.1 }), worst.1 > 0 else { return accepted }
        return accepted + ", \(worst.1) of them because of: \(worst.0)"
    }

    var text: String {
        let table = TextTable(
            headings: ["", "judge accepts", "judge rejects"],
            lines: [
                ["people accept", count("both_accept"), count("accepted_by_people_alone")],
                ["people reject", count("accepted_by_judge_alone"), count("both_reject")],
            ])
        let reasons = TextTable(
            headings: ["people's reason", "judge accepts", "judge rejects"],
            lines: (figures["reasons"] ?? [:]).sortedMembers.map { reason, counts in
                [reason, String(counts["accepted"]?.integer ?? 0), String(counts["rejected"]?.integer ?? 0)]
            })
        return summary + "\n\n" + table.text + (reasons.lines.isEmpty ? "" : "\n" + reasons.text)
    }

    private func count(_ member: String) -> String { String(figures[member]?.integer ?? 0) }
}

extension Figures {
    static let validation = Figures { _, content in ValidationText(content).text }
}
