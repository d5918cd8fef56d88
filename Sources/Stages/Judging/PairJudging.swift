import CanonicalJSON
import Engine
import Kinds
import Words

extension StageContext {
    /// Judges pairs of answers as a recipe says: a model that judges in the end chooses between those that all checks accept.
    func compare(
        _ pairs: [AnswerPair], as kind: EvalCompare, _ task: any AnswerTask
    ) throws -> (outcomes: [PairOutcome], transcript: [JSON]?) {
        guard kind.judge == .model else {
            let judging = try judging(pairs.flatMap { [$0.own, $0.other] }, by: kind, task)
            return (Self.outcomes(of: pairs, judging), judging.transcript)
        }
        var outcomes = pairs.map { _ in PairOutcome(result: .tie, why: "the answers are equal") }
        var open = pairs.indices.filter { !pairs[$0].isEqual }
        if let last = kind.checks.last {
            var checks = kind
            (checks.judge, checks.checks) = (last, Array(kind.checks.dropLast()))
            let judging = try judging(pairs.flatMap { [$0.own, $0.other] }, by: checks, task)
            let checked = Self.outcomes(of: pairs, judging)
            open.removeAll { place in
                let isPassed = judging.verdicts[2 * place].isAccepted && judging.verdicts[2 * place + 1].isAccepted
                if !isPassed { outcomes[place] = checked[place] }
                return !isPassed
            }
        }
        let question = kind.question ?? .standard
        let judge = PairJudge(model: try judgingModel(for: question), question: question, task: task)
        let (chosen, transcript) = try judge.outcomes(of: open.map { pairs[$0] })
        for (place, outcome) in zip(open, chosen) { outcomes[place] = outcome }
        return (outcomes, transcript)
    }

    /// An answer that is accepted wins against one that is not.
    ///
    /// - Parameter judging: of each pair's own answer and the other's, one after the other.
    private static func outcomes(of pairs: [AnswerPair], _ judging: JudgeVerdicts) -> [PairOutcome] {
        pairs.indices.map { place in
            let (own, other) = (judging.verdicts[2 * place], judging.verdicts[2 * place + 1])
            let isUnderstood = judging.isUnderstood[2 * place] && judging.isUnderstood[2 * place + 1]
            switch (own, other) {
            case (.accepted, .rejected(let reason)):
                return PairOutcome(result: .win, why: "of the other: \(reason)", isUnderstood: isUnderstood)
            case (.rejected(let reason), .accepted):
                return PairOutcome(result: .loss, why: reason, isUnderstood: isUnderstood)
            case (.accepted, .accepted):
                return PairOutcome(result: .tie, why: "both are accepted", isUnderstood: isUnderstood)
            case (.rejected(let reason), .rejected):
                return PairOutcome(result: .tie, why: "both are rejected; of this one: \(reason)", isUnderstood: isUnderstood)
            }
        }
    }
}

/// A model that is asked which of two answers is better, twice, the second time with the answers in each other's place.
struct PairJudge {
    let model: any JudgingModel
    let question: ModelQuestion
    let task: any AnswerTask

    /// What the model chose of the answers as it saw them.
    private enum Choice: String {
        case first = "a"
        case second = "b"
        case tie
    }

    func outcomes(of pairs: [AnswerPair]) throws -> ([PairOutcome], transcript: [JSON]) {
        let asking = JudgingQuestion(ofPairs: question, of: task.kind)
        var questions: [String] = []
        for pair in pairs {
            let (own, other) = (pair.own.response, pair.other.response)
            questions.append(try asking.text(about: own, and: other, to: pair.row, task))
            questions.append(try asking.text(about: other, and: own, to: pair.row, task))
        }
        let votes = try model.replies(to: questions, ReplyOptions(question)).map { replies in replies.map(reading.read) }
        var transcript: [JSON] = []
        var outcomes: [PairOutcome] = []
        for (index, pair) in pairs.enumerated() {
            let (straight, turned) = (Self.choice(of: votes[2 * index]), Self.choice(of: votes[2 * index + 1]))
            outcomes.append(Self.outcome(straight, turned))
            for (place, choice) in [(2 * index, straight), (2 * index + 1, turned)] {
                transcript.append(
                    Self.line(of: pair, question: questions[place], votes[place], choice, isTurned: place % 2 == 1))
            }
        }
        return (outcomes, transcript)
    }

    /// A recipe's pattern finds verdicts on one answer: the choice stands on the last line then.
    private var reading: VerdictReading { if case .pattern = question.verdict { .lastLine } else { question.verdict } }

    /// What more than half of the votes say.
    private static func choice(of votes: [ReadReply]) -> Choice? {
        let choices = votes.compactMap { $0.word.flatMap(Choice.init(rawValue:)) }
        return [Choice.first, .second, .tie].first { choice in 2 * choices.count { $0 == choice } > votes.count }
    }

    /// An answer is better that is better in either place.
    private static func outcome(_ straight: Choice?, _ turned: Choice?) -> PairOutcome {
        guard let straight, let turned else {
            return PairOutcome(result: .tie, why: "verdict not understood", isUnderstood: false)
        }
        switch (straight, turned) {
        case (.first, .second): return PairOutcome(result: .win, why: "the judging model prefers it")
        case (.second, .first): return PairOutcome(result: .loss, why: "the judging model prefers the other")
        case (.tie, .tie): return PairOutcome(result: .tie, why: "the judging model prefers neither")
        default: return PairOutcome(result: .tie, why: "the choice depends on the order", dependsOnOrder: true)
        }
    }

    private static func line(
        of pair: AnswerPair, question: String, _ votes: [ReadReply], _ choice: Choice?, isTurned: Bool
    ) -> JSON {
        let rationales = votes.compactMap(\.rationale)
        var members: [String: JSON] = [
            "set": .string(pair.set), "id": .string(pair.row.id), "A": .string(isTurned ? "others" : "answers"),
            "B": .string(isTurned ? "answers" : "others"), "question": .string(question),
            "verdict": choice.map { .string($0.rawValue) } ?? .null,
        ]
        if !rationales.isEmpty { members["rationale"] = .string(rationales.joined(separator: "\n\n")) }
        return .object(members)
    }
}
