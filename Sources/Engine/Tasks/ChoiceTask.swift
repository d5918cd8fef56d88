import CanonicalJSON
import Words

/// The model chooses one of the options that a row has.
package struct ChoiceTask: AnswerTask {
    package let kind = TaskKind.choice
    private let guidance: Guidance

    package init(_ guidance: Guidance = Guidance()) { self.guidance = guidance }

    /// The style `tools` lists the options.
    package func shown(_ row: Row, in style: PromptStyle) -> Row {
        let listing = "Answer with one of these:\n" + choices(for: row)
        return row.guided(by: guidance, before: style == .tools ? [listing] : [])
    }

    package func choices(for row: Row) -> String { (options(of: row) ?? []).joined(separator: "\n") }

    package func options(of row: Row) -> [String]? { row.options?.texts }

    package func response(to row: Row) -> String { row.options?.answer ?? "" }

    /// `ast` leaves white space around the option aside.
    package func verdict(on answer: String, for row: Row, by rules: AnswerJudge) -> Verdict {
        let wanted = response(to: row)
        let given = rules == .ast ? answer.trimmed : answer
        if given == (rules == .ast ? wanted.trimmed : wanted) { return .accepted }
        let isOption = row.options?.texts.contains(given) ?? false
        return .rejected(isOption ? "the answer is \(given) where \(wanted) is right" : "the answer is none of the options")
    }

    package func fault(inRight answer: String, to row: Row) -> String? {
        answer == response(to: row) ? nil : "the answer has white space around the option"
    }

    package func formFault(in answer: String, to row: Row) -> String? {
        row.options?.texts.contains { $0.trimmed == answer.trimmed } == true ? nil : "the answer is none of the options"
    }

    package func grade(_ response: String, to row: Row, in style: AnswerStyle, by rule: RewardRule) -> AnswerGrade? {
        guard let answer = try? style.answer(in: response).get(),
            row.options?.texts.contains(where: { $0.trimmed == answer.trimmed }) == true
        else { return nil }
        let isRight = verdict(on: answer, for: row, by: .ast).isAccepted
        return AnswerGrade(whole: isRight ? 1 : 0, isRight: isRight)
    }

    package func pattern(of row: Row) -> BytePattern? { options(of: row).map { .choice($0.map(BytePattern.text)) } }

    package func newScores() -> any TaskScores { ChoiceScores() }
}

/// Counts choices: what every task counts, and the share of right ones by each normalization of likelihoods.
private struct ChoiceScores: TaskScores {
    private var counts = AnswerCounts()
    private var choices = ChoiceCounts()

    mutating func add(_ answer: ScoredAnswer) {
        counts.add(answer)
        guard !answer.row.isUnlabelled else { return }
        if let options = answer.options, let right = answer.row.options?.right { choices.add(options, right: right) }
    }

    var json: JSON {
        var members = counts.members
        for normalization in ChoiceCounts.Normalization.allCases {
            members[normalization.rawValue] = choices.accuracy(normalization).map(JSON.number) ?? .null
        }
        members["greedy"] = choices.greedyShare.map(JSON.number) ?? .null
        return .object(members)
    }

    var confusion: JSON { [:] }
}
