import CanonicalJSON
import Words

/// The model gives one of a few labels.
package struct ClassifyTask: AnswerTask {
    package let kind = TaskKind.classify
    /// In the order in which prompts list them.
    package let labels: [String]
    private let guidance: Guidance
    private let known: Set<String>

    package init(labels: [String], _ guidance: Guidance = Guidance()) {
        (self.labels, self.guidance) = (labels, guidance)
        known = Set(labels)
    }

    /// The style `tools` lists the labels, for a model that has not learned them.
    package func shown(_ row: Row, in style: PromptStyle) -> Row {
        let listing = "Answer with one of these labels:\n" + labels.joined(separator: "\n")
        return row.guided(by: guidance, before: style == .tools ? [listing] : [])
    }

    package func choices(for row: Row) -> String { labels.joined(separator: "\n") }

    package func options(of row: Row) -> [String]? { labels }

    package func response(to row: Row) -> String { row.reply ?? "" }

    /// `ast` leaves white space around the label aside.
    package func verdict(on answer: String, for row: Row, by rules: AnswerJudge) -> Verdict {
        let given = rules == .ast ? answer.trimmed : answer
        if given == row.reply { return .accepted }
        let wanted = row.reply ?? ""
        return .rejected(
            known.contains(given) ? "the label is \(given) where \(wanted) is wanted" : "the answer is no label")
    }

    package func fault(inRight answer: String, to row: Row) -> String? {
        answer == row.reply ? nil : "the answer has white space around the label"
    }

    package func formFault(in answer: String, to row: Row) -> String? {
        known.contains(answer.trimmed) ? nil : "the answer is no label"
    }

    package func grade(_ response: String, to row: Row, in style: AnswerStyle, by rule: RewardRule) -> AnswerGrade? {
        guard let label = try? style.answer(in: response).get().trimmed, known.contains(label) else { return nil }
        let isRight = label == row.reply
        return AnswerGrade(whole: isRight ? 1 : 0, isRight: isRight)
    }

    package func pattern(of row: Row) -> BytePattern? { .choice(labels.map(BytePattern.text)) }

    package func newScores() -> any TaskScores { LabelScores(labels: labels) }
}

/// Counts labels: accuracy, macro-F1, each label's precision, recall and F1, and which label was given in place of which.
private struct LabelScores: TaskScores {
    /// Stands for an answer that is no label.
    private static let none = "no label"

    private let labels: Set<String>
    private var counts = AnswerCounts()
    private var given = LabelCounts()

    init(labels: [String]) { self.labels = Set(labels) }

    mutating func add(_ answer: ScoredAnswer) {
        counts.add(answer)
        guard !answer.row.isUnlabelled else { return }
        let label = answer.answer?.trimmed ?? ""
        given.add(wanted: answer.row.reply ?? "", given: labels.contains(label) ? label : nil)
    }

    var json: JSON {
        let own: [String: JSON] = [
            "accuracy": given.accuracy.map(JSON.number) ?? .null, "macro_f1": given.macroF1.map(JSON.number) ?? .null,
        ]
        return .object(counts.members.merging(own) { $1 })
    }

    var confusion: JSON {
        let shares = given.shares.map { label, shares in
            (
                label,
                [
                    "rows": .count(shares.support), "precision": .number(shares.precision), "recall": .number(shares.recall),
                    "f1": .number(shares.f1),
                ] as JSON
            )
        }
        let table = given.counts.mapValues { row in
            JSON.object(Dictionary(row.map { ($0.key ?? Self.none, JSON.count($0.value)) }, uniquingKeysWith: { $1 }))
        }
        return ["labels": .object(Dictionary(shares, uniquingKeysWith: { $1 })), "given": .object(table)]
    }
}

extension String {
    /// The text without white space around it.
    package var trimmed: String {
        var text = Substring(self)
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }
}
