import CanonicalJSON
import Foundation
import TestSupport
import Testing

@testable import Engine

/// Each metric beside its reference implementation on a thousand generated rows and hand-written edges; the values are made by
/// `scripts/reference/metrics_reference.py`.
struct MetricReferenceTests {
    private func reference(_ name: String) throws -> JSON { try Checkout.json("Tests/MetricsTests/Reference/\(name).json") }

    private func expectEqual(
        _ found: Double?, _ expected: JSON?, _ note: String = "", sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let wanted = expected?.double
        let isEqual = found == nil ? expected == .null : wanted.map { abs((found ?? 0) - $0) <= 1e-9 } ?? false
        let text = "found \(found?.description ?? "none"), expected \(expected?.canonicalText ?? "nothing") \(note)"
        #expect(isEqual, "\(text)", sourceLocation: sourceLocation)
    }

    @Test func labelsAreCountedAsInScikitLearn() throws {
        for entry in try reference("labels").array ?? [] {
            var counts = LabelCounts()
            for (wanted, given) in zip(try #require(entry["wanted"]?.array), try #require(entry["given"]?.array)) {
                counts.add(wanted: try #require(wanted.string), given: given.string)
            }
            #expect(counts.labels == entry["labels"]?.array?.compactMap(\.string))
            expectEqual(counts.accuracy, entry["accuracy"])
            expectEqual(counts.macroF1, entry["macro_f1"])
            for (place, label) in counts.shares.enumerated() {
                expectEqual(label.shares.precision, entry["precision"]?[place], label.label)
                expectEqual(label.shares.recall, entry["recall"]?[place], label.label)
                expectEqual(label.shares.f1, entry["f1"]?[place], label.label)
                expectEqual(Double(label.shares.support), entry["support"]?[place], label.label)
            }
        }
    }

    @Test func fieldsAreCountedAsTheMicroAverageOfScikitLearn() throws {
        for entry in try reference("fields").array ?? [] {
            var counts = FieldCounts()
            for row in try #require(entry["rows"]?.array) {
                counts.add(wanted: try #require(row[0]?.object), given: try #require(row[1]?.object))
            }
            func expectEqual(_ shares: FieldCounts.Shares, _ expected: JSON?, _ note: String) {
                self.expectEqual(shares.precision, expected?[0], note)
                self.expectEqual(shares.recall, expected?[1], note)
                self.expectEqual(shares.f1, expected?[2], note)
            }
            expectEqual(counts.all, entry["all"], "all")
            for (field, expected) in try #require(entry["fields"]?.object) {
                expectEqual(counts.fields[field] ?? .init(), expected, field)
            }
        }
    }

    @Test func textsAreComparedAsInSQuADAndInROUGEScore() throws {
        let entry = try reference("texts")
        let rows = try #require(entry["rows"]?.array)
        #expect(rows.count == 1000)
        for (place, row) in rows.enumerated() {
            let (wanted, given) = (try #require(row[0]?.string), try #require(row[1]?.string))
            let comparison = TextComparison(of: given, with: wanted)
            #expect(comparison.isExact == entry["exact"]?[place]?.bool, "\(row.canonicalText)")
            #expect(comparison.isNormalizedExact == entry["normalized"]?[place]?.bool, "\(row.canonicalText)")
            expectEqual(comparison.tokenF1, entry["token_f1"]?[place], row.canonicalText)
            expectEqual(comparison.rougeL, entry["rouge_l"]?[place], row.canonicalText)
        }
    }

    @Test func rankingsAreScoredAsInScikitLearnAndTrecEval() throws {
        for entry in try reference("ranking").array ?? [] {
            let groups = try (entry["groups"]?.array ?? []).map { group in
                try (group.array ?? []).map { candidate in
                    try RankingScores.Candidate(
                        id: #require(candidate[0]?.string), score: #require(candidate[1]?.double),
                        relevance: #require(candidate[2]?.double))
                }
            }
            expectEqual(RankingScores.rocAUC(groups.joined()), entry["auc"])
            var pairs = (won: 0.0, count: 0)
            for (place, group) in groups.enumerated() {
                expectEqual(RankingScores.reciprocalRank(group), entry["reciprocal_rank"]?[place])
                for (k, values) in try #require(entry["ndcg"]?.object) {
                    expectEqual(RankingScores.nDCG(group, at: try #require(Int(k))), values[place], "nDCG@\(k)")
                }
                let found = RankingScores.pairs(group)
                pairs = (pairs.won + found.won, pairs.count + found.count)
            }
            #expect(pairs.count == entry["pairs"]?.integer)
            expectEqual(pairs.count == 0 ? nil : pairs.won / Double(pairs.count), entry["pair_accuracy"])
        }
    }

    @Test func numbersAreReadAsByTheHarnessForGSM8K() throws {
        let entry = try reference("numbers")
        let rows = try #require(entry["rows"]?.array)
        #expect(rows.count == 200)
        for (place, row) in rows.enumerated() {
            let (text, wanted) = (try #require(row[0]?.string), try #require(row[1]?.string))
            let strict = StatedNumber.isRight(StatedNumber.strict(in: text), wanted: wanted)
            let flexible = StatedNumber.isRight(StatedNumber.flexible(in: text), wanted: wanted)
            #expect(strict == entry["strict"]?[place]?.bool, "strict \(row.canonicalText)")
            #expect(flexible == entry["flexible"]?[place]?.bool, "flexible \(row.canonicalText)")
        }
    }
}
