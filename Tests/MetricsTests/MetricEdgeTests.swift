import CanonicalJSON
import Testing

@testable import Engine

/// What references leave open or cannot say.
struct MetricEdgeTests {
    @Test func withoutRowsThereAreNoShares() {
        #expect(LabelCounts().accuracy == nil)
        #expect(LabelCounts().macroF1 == nil)
        #expect(ChoiceCounts().accuracy(.none) == nil)
        #expect(RankingScores.rocAUC([]) == nil)
        #expect(RankingScores.reciprocalRank([]) == 0)
        #expect(RankingScores.nDCG([], at: 10) == 0)
        #expect(FieldCounts().all.f1 == 0)
    }

    @Test func scoresThatAreNoNumbersAreRefused() throws {
        for score in [Double.nan, .infinity, -.infinity] {
            #expect(throws: RankingError.self) { try RankingScores.Candidate(id: "d1", score: score, relevance: 1) }
        }
        #expect(throws: RankingError.self) { try RankingScores.Candidate(id: "d1", score: 0, relevance: -1) }
        #expect(throws: RankingError.self) { try RankingScores.Candidate(id: "d1", score: 0, relevance: .nan) }
        let error = #expect(throws: RankingError.self) { try RankingScores.Candidate(id: "d1", score: .nan, relevance: 1) }
        #expect(error?.description == "The score of 'd1' is nan; scores must be finite.")
    }

    @Test func anAnswerThatIsNoLabelIsWrongAndNoClass() {
        var counts = LabelCounts()
        counts.add(wanted: "a", given: "a")
        counts.add(wanted: "a", given: nil)
        #expect(counts.labels == ["a"])
        #expect(counts.accuracy == 0.5)
        #expect(counts.macroF1 == 2.0 / 3)
    }

    @Test func ofEqualOptionsTheFirstIsChosen() {
        func option(_ logProbability: Double, _ text: String, isGreedy: Bool = false) -> ScoredOption {
            ScoredOption(Likelihood(logProbability: logProbability, tokens: 1, isGreedy: isGreedy), of: text)
        }
        let options = [option(-4, "ab"), option(-3, "é", isGreedy: true), option(-3, "e"), option(-9, "東京")]
        #expect(ChoiceCounts.Normalization.none.choice(among: options) == 1)
        #expect(ChoiceCounts.Normalization.characters.choice(among: options) == 0)
        #expect(ChoiceCounts.Normalization.bytes.choice(among: options) == 1)
        #expect(ChoiceCounts.Normalization.none.choice(among: []) == nil)
        var counts = ChoiceCounts()
        counts.add(options, right: 1)
        counts.add(options, right: 0)
        #expect(counts.accuracy(.none) == 0.5)
        #expect(counts.accuracy(.characters) == 0.5)
        #expect(counts.greedyShare == 0.5)
    }
}
