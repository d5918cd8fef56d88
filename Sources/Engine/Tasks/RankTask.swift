import CanonicalJSON
import Words

/// The model says whether a text fits a question. How probable it holds yes to be is the text's score.
package struct RankTask: AnswerTask {
    static let (yes, no) = ("yes", "no")
    /// nDCG counts so many of the best.
    package static let cut = 10

    package let kind = TaskKind.rank
    private let guidance: Guidance

    package init(_ guidance: Guidance = Guidance()) { self.guidance = guidance }

    /// The question, and below it the text. The style `tools` says what is asked.
    package func shown(_ row: Row, in style: PromptStyle) -> Row {
        let question = "Does the last part fit the part before it? Answer with yes or no."
        var row = row.guided(by: guidance, before: style == .tools ? [question] : [])
        if let ranked = row.ranked { row.query += "\n\n" + ranked.text }
        return row
    }

    package func choices(for row: Row) -> String { "yes\nno" }

    package func options(of row: Row) -> [String]? { [Self.yes, Self.no] }

    package func response(to row: Row) -> String { row.ranked?.isRelevant == true ? Self.yes : Self.no }

    package func verdict(on answer: String, for row: Row, by rules: AnswerJudge) -> Verdict {
        let wanted = response(to: row)
        return (rules == .ast ? answer.trimmed : answer) == wanted ? .accepted : .rejected("the answer is not \(wanted)")
    }

    package func fault(inRight answer: String, to row: Row) -> String? {
        answer == response(to: row) ? nil : "the answer has white space around it"
    }

    package func formFault(in answer: String, to row: Row) -> String? {
        [Self.yes, Self.no].contains(answer.trimmed) ? nil : "the answer is neither yes nor no"
    }

    package func grade(_ response: String, to row: Row, in style: AnswerStyle, by rule: RewardRule) -> AnswerGrade? {
        guard let answer = try? style.answer(in: response).get().trimmed, [Self.yes, Self.no].contains(answer) else {
            return nil
        }
        let isRight = answer == self.response(to: row)
        return AnswerGrade(whole: isRight ? 1 : 0, isRight: isRight)
    }

    package func pattern(of row: Row) -> BytePattern? { .choice([.text(Self.yes), .text(Self.no)]) }

    package func newScores() -> any TaskScores { RankScores() }

    /// P(yes) / (P(yes) + P(no)), from 0 to 1.
    ///
    /// - Parameter options: the likelihoods of yes and no.
    package static func score(_ options: [ScoredOption]) -> Double {
        guard options.count == 2 else { return .nan }
        return 1 / (1 + PortableMath.exp(options[1].logProbability - options[0].logProbability))
    }
}

/// Counts rankings: ROC AUC over all texts; MRR, nDCG and right pairs over groups.
private struct RankScores: TaskScores {
    private var counts = AnswerCounts()
    private var groups: [String: [RankingScores.Candidate]] = [:]

    mutating func add(_ answer: ScoredAnswer) {
        counts.add(answer)
        guard !answer.row.isUnlabelled else { return }
        guard let ranked = answer.row.ranked, let options = answer.options,
            let candidate = try? RankingScores.Candidate(
                id: answer.row.id, score: RankTask.score(options), relevance: ranked.relevance)
        else { return }
        groups[ranked.group, default: []].append(candidate)
    }

    var json: JSON {
        let groups = groups.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.map(\.value)
        let pairs = groups.map(RankingScores.pairs).reduce((won: 0.0, count: 0)) { ($0.won + $1.won, $0.count + $1.count) }
        func mean(_ value: ([RankingScores.Candidate]) -> Double) -> JSON {
            groups.isEmpty ? .null : .number(groups.map(value).reduce(0, +) / Double(groups.count))
        }
        var members = counts.members
        members["groups"] = .count(groups.count)
        members["groups_without_relevant"] = .count(groups.count { $0.allSatisfy { $0.relevance == 0 } })
        members["auc"] = RankingScores.rocAUC(groups.joined()).map(JSON.number) ?? .null
        members["mrr"] = mean(RankingScores.reciprocalRank)
        members["ndcg"] = mean { RankingScores.nDCG($0, at: RankTask.cut) }
        members["pairs"] = pairs.count == 0 ? .null : .number(pairs.won / Double(pairs.count))
        return .object(members)
    }

    var confusion: JSON { [:] }
}
