import CanonicalJSON
import Words

/// The model writes a text.
package struct TextTask: AnswerTask {
    package let kind = TaskKind.text
    private let reading: ReplyReading
    private let guidance: Guidance

    package init(reading: ReplyReading = .text, _ guidance: Guidance = Guidance()) {
        (self.reading, self.guidance) = (reading, guidance)
    }

    package func shown(_ row: Row, in style: PromptStyle) -> Row { row.guided(by: guidance) }

    package func choices(for row: Row) -> String { "" }

    package func response(to row: Row) -> String { row.reply ?? "" }

    /// What is worked out before the number is the reasoning.
    package func reasoned(_ row: Row) -> ReasonedResponse? {
        guard reading == .number, let reply = row.reply, let number = StatedNumber.answer(of: reply) else { return nil }
        let worked = reply.ranges(of: StatedNumber.mark).last.map { String(reply[..<$0.lowerBound]) } ?? reply
        return ReasonedResponse(reasoning: worked.trimmed, answer: number)
    }

    /// `ast` compares the texts as `ReplyReading` reads them.
    package func verdict(on answer: String, for row: Row, by rules: AnswerJudge) -> Verdict {
        let wanted = row.reply ?? ""
        if answer == wanted { return .accepted }
        if rules == .exact { return .rejected("the answer is another text") }
        switch reading {
        case .text:
            let isRight = TextComparison(of: answer, with: wanted).isNormalizedExact
            return isRight ? .accepted : .rejected("the answer is another text")
        case .number:
            guard let given = StatedNumber.answer(of: answer) else { return .rejected("the answer has no number") }
            guard let right = StatedNumber.answer(of: wanted), StatedNumber.isRight(given, wanted: right) else {
                return .rejected("the number is \(given) where \(StatedNumber.answer(of: wanted) ?? "none") is wanted")
            }
            return .accepted
        }
    }

    package func formFault(in answer: String, to row: Row) -> String? {
        reading == .number && StatedNumber.answer(of: answer) == nil ? "the answer has no number" : nil
    }

    /// A number is worth all or nothing, another text its ROUGE-L.
    package func grade(_ response: String, to row: Row, in style: AnswerStyle, by rule: RewardRule) -> AnswerGrade? {
        guard let answer = try? style.answer(in: response).get(), reading == .text || StatedNumber.answer(of: answer) != nil
        else { return nil }
        let isRight = verdict(on: answer, for: row, by: .ast).isAccepted
        let alike = reading == .text ? TextComparison(of: answer, with: row.reply ?? "").rougeL : 0
        return AnswerGrade(whole: isRight ? 1 : alike, isRight: isRight)
    }

    package func pattern(of row: Row) -> BytePattern? { nil }

    package func newScores() -> any TaskScores { TextScores(reading: reading) }
}

/// Counts texts: how many are right when normalized, and how alike the others are; of numbers, those that are the right one.
private struct TextScores: TaskScores {
    private let reading: ReplyReading
    private var counts = AnswerCounts()
    private var normalized = 0
    private var strict = 0
    private var flexible = 0
    private var tokenF1 = 0.0
    private var rougeL = 0.0

    init(reading: ReplyReading) { self.reading = reading }

    mutating func add(_ scored: ScoredAnswer) {
        counts.add(scored)
        guard !scored.row.isUnlabelled else { return }
        let (answer, wanted) = (scored.answer ?? "", scored.row.reply ?? "")
        let comparison = TextComparison(of: answer, with: wanted)
        normalized += comparison.isNormalizedExact ? 1 : 0
        tokenF1 += comparison.tokenF1
        rougeL += comparison.rougeL
        strict += StatedNumber.isRight(StatedNumber.strict(in: answer), wanted: wanted) ? 1 : 0
        flexible += StatedNumber.isRight(StatedNumber.flexible(in: answer), wanted: wanted) ? 1 : 0
    }

    var json: JSON {
        let own: [String: JSON] =
            switch reading {
            case .text:
                ["normalized": counts.share(normalized), "token_f1": counts.mean(tokenF1), "rouge_l": counts.mean(rougeL)]
            case .number: ["strict_match": counts.share(strict), "flexible_extract": counts.share(flexible)]
            }
        return .object(counts.members.merging(own) { $1 })
    }

    var confusion: JSON { [:] }
}

extension StatedNumber {
    /// Stands before the answer in GSM8K.
    fileprivate static let mark = "####"

    /// The number that a text comes to: the one after `####`, where there is one, else the last.
    package static func answer(of text: String) -> String? { strict(in: text) ?? flexible(in: text) }
}
