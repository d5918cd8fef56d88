/// How well scores rank candidates.
package enum RankingScores {
    /// A candidate of one question.
    package struct Candidate: Hashable, Sendable {
        /// Unique within its group; decides the order of equal scores.
        package let id: String
        package let score: Double
        /// 0 for what does not fit the question; more for what fits better.
        package let relevance: Double

        /// - Throws: where the score or the relevance is no number that can be ranked.
        package init(id: String, score: Double, relevance: Double) throws(RankingError) {
            guard score.isFinite else { throw RankingError("The score of '\(id)' is \(score); scores must be finite.") }
            guard relevance.isFinite, relevance >= 0 else {
                throw RankingError("The relevance of '\(id)' is \(relevance); it must be 0 or more.")
            }
            (self.id, self.score, self.relevance) = (id, score, relevance)
        }

        var isRelevant: Bool { relevance > 0 }
    }

    /// The area under the ROC curve: the share of pairs of a relevant and another candidate, whatever their questions, in which
    /// the relevant one has the higher score. Equal scores count half. `nil` unless there are candidates of both classes.
    package static func rocAUC(_ candidates: some Sequence<Candidate>) -> Double? {
        let sorted = candidates.sorted { $0.score < $1.score }
        let relevant = sorted.count { $0.isRelevant }
        let others = sorted.count - relevant
        guard relevant > 0, others > 0 else { return nil }
        // Twice the won pairs, so that halves stay whole numbers.
        var won = 0
        var (below, start) = (0, 0)
        while start < sorted.count {
            let end = sorted[start...].firstIndex { $0.score != sorted[start].score } ?? sorted.count
            let hits = sorted[start..<end].count { $0.isRelevant }
            let misses = end - start - hits
            won += hits * (2 * below + misses)
            below += misses
            start = end
        }
        return Double(won) / (2 * Double(relevant) * Double(others))
    }

    /// 1 / rank of the first relevant candidate; 0 where there is none. Its mean over questions is MRR.
    package static func reciprocalRank(_ group: [Candidate]) -> Double {
        ranked(group).firstIndex(where: \.isRelevant).map { 1 / Double($0 + 1) } ?? 0
    }

    /// DCG of the best `k` over that of the best possible order, DCG = Σ relevance / log₂(rank + 1); 0 where nothing is relevant.
    ///
    /// Järvelin and Kekäläinen (2002), as `trec_eval` computes `ndcg_cut`.
    package static func nDCG(_ group: [Candidate], at k: Int) -> Double {
        let best = discountedGain(group.map(\.relevance).sorted(by: >).prefix(k))
        return best > 0 ? discountedGain(ranked(group).map(\.relevance).prefix(k)) / best : 0
    }

    /// Pairs of one group with different relevance, and in how many of them the more relevant candidate has the higher score.
    /// Equal scores count half.
    package static func pairs(_ group: [Candidate]) -> (won: Double, count: Int) {
        var (won, count) = (0.0, 0)
        for better in group {
            for worse in group where worse.relevance < better.relevance {
                count += 1
                won += better.score > worse.score ? 1 : better.score == worse.score ? 0.5 : 0
            }
        }
        return (won, count)
    }

    /// By falling score; equal scores by falling bytes of the ids, as `trec_eval` has it.
    private static func ranked(_ group: [Candidate]) -> [Candidate] {
        group.sorted { a, b in
            a.score == b.score ? b.id.utf8.lexicographicallyPrecedes(a.id.utf8) : a.score > b.score
        }
    }

    private static func discountedGain(_ relevance: some Sequence<Double>) -> Double {
        let ln2 = 0.6931471805599453
        return relevance.enumerated().reduce(0) { $0 + $1.element * ln2 / PortableMath.log(Double($1.offset + 2)) }
    }
}

/// Candidates that cannot be ranked.
package struct RankingError: Error, Hashable, Sendable, CustomStringConvertible {
    package var description: String

    init(_ description: String) { self.description = description }
}
