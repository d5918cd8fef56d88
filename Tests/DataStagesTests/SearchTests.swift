import Foundation
import Testing

@testable import Engine

@Suite struct SearchTests {
    @Test(arguments: [
        ("AddToPlaylist", ["add", "to", "playlist"]), ("add_to-playlist", ["add", "to", "playlist"]),
        ("HTTPServer2", ["http", "server2"]),
        ("Größe über 3°", ["größe", "über", "3"]), ("", []), ("iPhone's", ["i", "phone", "s"]),
    ])
    func namesAndTextsAreCutAlike(text: String, terms: [String]) { #expect(SearchTerms.terms(of: text) == terms) }

    /// Worked out by hand from the formula, k₁ = 1.2 and b = 0.75.
    @Test func scoresFollowTheFormula() {
        let index = BM25(documents: ["red red blue", "red", "green green green green"])
        let mean = 8.0 / 3
        func weight(_ count: Double, _ length: Double, documents: Double) -> Double {
            Foundation.log(1 + (3 - documents + 0.5) / (documents + 0.5)) * count * 2.2
                / (count + 1.2 * (0.25 + 0.75 * length / mean))
        }
        let scores = index.scores(for: "Red, blue and red")
        let expected = [2 * weight(2, 3, documents: 2) + weight(1, 3, documents: 1), 2 * weight(1, 1, documents: 2), 0]
        for (found, wanted) in zip(scores, expected) { #expect(abs(found - wanted) < 1e-12) }
        #expect(index.scores(for: "purple") == [0, 0, 0])
        #expect(BM25(documents: []).scores(for: "red") == [])
    }

    @Test func equalScoresKeepTheirOrder() {
        let scores = [0.5, 1, 0.5, 2, 1, 0.5]
        #expect(scores.nearest(4, among: 0..<6) == [3, 1, 4, 0])
        #expect(scores.nearest(3, among: [5, 2, 4]) == [4, 5, 2])
        #expect(scores.nearest(9, among: 0..<2) == [1, 0])
    }
}
